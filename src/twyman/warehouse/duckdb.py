"""DuckDB over Parquet, text files, database files and tables in memory: the warehouse by default."""

from collections.abc import Mapping
from pathlib import Path

from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse


class DuckDB(SqlWarehouse):
    """Fulfils `twyman.app.ports.Warehouse`.

    Args:
        path: Folder that file names start from, or a database file; `None`: the current folder.
        frames: Tables held in memory, by the name that definitions call them.
    """

    def __init__(self, path: str | Path | None = None, *, frames: Mapping[str, object] | None = None) -> None:
        super().__init__(DuckDBConnector(Path(path) if path is not None else None), frames)
