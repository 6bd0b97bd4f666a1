"""DuckDB over Parquet, text files, database files and tables in memory: the warehouse by default."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse


class DuckDB(SqlWarehouse):
    """Fulfils `twyman.app.ports.Warehouse`.

    Args:
        path: Folder that file names start from, or a database file; `None`: the current folder.
        frames: Tables held in memory, by the name that definitions call them.
        also: Further folders that may be read: those of files that the caller's own code names.
        incremental: Whether what was read is kept beside the data.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        frames: Mapping[str, object] | None = None,
        also: Iterable[Path] = (),
        incremental: bool = False,
    ) -> None:
        super().__init__(
            DuckDBConnector(Path(path) if path is not None else None, also=also), frames, incremental=incremental
        )
