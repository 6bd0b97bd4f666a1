"""ClickHouse: the engine of chdb in a child process, behind HTTP, so that the driver is the one that users have."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.engines.server import Server, free_port, listens, missing, running

PASSWORD = "tr0ub4dor&3"  # noqa: S105 - of the user `asked`, on a server that lives for these tests
PROGRAM = Path(__file__).with_name("chdb_server.py")


@contextmanager
def started(folder: Path) -> Generator[Server]:
    """Run a server, whose data are in a folder."""
    if find_spec("chdb") is None:
        missing("needs chdb (requirements/engines.txt)")
    port, log = free_port(), folder / "clickhouse.log"
    command = [sys.executable, str(PROGRAM), str(port), str(folder / "data")]
    with running(command, log=log, ready=lambda: listens(port), env={"TZ": "UTC", "CHDB_PASSWORD": PASSWORD}):
        yield _server(port, log)


def _server(port: int, log: Path) -> Server:
    clickhouse_connect = pytest.importorskip("clickhouse_connect")
    client = clickhouse_connect.get_client(host="127.0.0.1", port=port)

    def load(name: str, table: pa.Table) -> None:
        listed = ", ".join(f"`{field.name}` Nullable({kind(field.type)})" for field in table.schema)
        client.command(f"DROP TABLE IF EXISTS `{name}`")
        client.command(f"CREATE TABLE `{name}` ({listed}) ENGINE = MergeTree ORDER BY tuple()")
        client.insert_arrow(name, table)

    def rows(sql: str) -> list[dict[str, Any]]:
        return list(client.query(sql).named_results())

    return Server(
        engine="clickhouse", url=f"clickhouse://default@127.0.0.1:{port}/default", load=load, rows=rows, log=log
    )


def kind(arrow: pa.DataType) -> str:
    """ClickHouse's type for one of Arrow's: a time without a zone is on the server's clock, which shows UTC."""
    if pa.types.is_decimal(arrow):
        return f"Decimal({arrow.precision}, {arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return f"DateTime64(6, '{arrow.tz}')" if arrow.tz else "DateTime64(6)"
    return KINDS[str(arrow)]


KINDS = {
    "bool": "Bool",
    "int32": "Int32",
    "int64": "Int64",
    "double": "Float64",
    "string": "String",
    "large_string": "String",
    "date32[day]": "Date32",
}
