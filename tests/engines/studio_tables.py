"""The studio's tables on a server, and its definitions over them."""

from pathlib import Path

import duckdb
from tests.cli.studio import studio, write
from tests.engines.server import Server

PROJECT = "kind: project\nname: studio\nwarehouse: {{engine: {engine}, url: {url}{also}}}\nentities: {{user: {{}}}}\n"


def studio_on(server: Server, root: Path, *, url: str = "$WAREHOUSE_URL", also: str = "") -> Path:
    """Write the folder, put its data into tables of the server, and return it.

    Args:
        server: Where the tables go.
        root: Where the definitions go.
        url: Of the warehouse, as the project says it.
        also: What else the project says of it, as in `, refresh: incremental`.
    """
    studio(root)
    write(root / "twyman.yaml", PROJECT.format(engine=server.engine, url=url, also=also))
    sources = (root / "sources.yaml").read_text()
    write(root / "sources.yaml", sources.replace("plays/*.csv", "studio_plays").replace("exposures.csv", "studio_met"))
    for name, files in (("studio_plays", "plays/*.csv"), ("studio_met", "exposures.csv")):
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            server.load(name, connection.read_csv(f"{root}/data/{files}").to_arrow_table())
    return root
