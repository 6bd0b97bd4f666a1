"""The one page that knows every engine: from what a project says of its warehouse to a connector, and its looks."""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from twyman.app.ports import LookBook
from twyman.definitions import Project
from twyman.definitions.warehouses import CONNECTORS, WarehousePlace
from twyman.kernel.errors import Invalid, TwymanError, nearest
from twyman.metrics.source import Source
from twyman.warehouse.connector import Connector, Keeping
from twyman.warehouse.connectors.duckdb import DuckDBConnector, folder_of
from twyman.warehouse.connectors.iceberg import Lakehouse
from twyman.warehouse.language.files import folders_linked, folders_named, iceberg_tables
from twyman.warehouse.looks.folder import LookFolder
from twyman.warehouse.sql_warehouse import SqlWarehouse
from twyman.wiring.running import noted

Maker = Callable[[WarehousePlace], Connector]


def _seconds(place: WarehousePlace) -> float | None:
    return place.timeout.total_seconds() if place.timeout else None


def _duckdb(place: WarehousePlace, sources: Iterable[Source]) -> Connector:
    given, lake = tuple(sources), Lakehouse(place.iceberg)
    linked = folders_linked(folder_of(Path(place.path)), given)
    also = (*folders_named(given), *linked, *lake.folders(iceberg_tables(given)))
    return DuckDBConnector(Path(place.path), also=also, timeout=_seconds(place), lake=lake, memory=place.memory)


def _postgres(place: WarehousePlace) -> Connector:
    from twyman.warehouse.connectors.postgres import PostgresConnector  # noqa: PLC0415 - its driver is an extra

    return PostgresConnector(place.url or "", timeout=_seconds(place))


def _clickhouse(place: WarehousePlace) -> Connector:
    from twyman.warehouse.connectors.clickhouse import ClickHouseConnector  # noqa: PLC0415 - its driver is an extra

    return ClickHouseConnector(place.url or "", timeout=_seconds(place))


def _spark(place: WarehousePlace) -> Connector:
    from twyman.warehouse.connectors.spark import SparkConnector  # noqa: PLC0415 - its driver is an extra

    path = Path(place.path) if place.has_path else None
    return SparkConnector(place.url or "", path=path, timeout=_seconds(place))


SERVERS: Mapping[str, Maker] = {"postgres": _postgres, "clickhouse": _clickhouse, "spark": _spark}
"""Engines that are reached by an address."""


def connector(project: Project) -> Connector:
    """Return the connector to a project's warehouse.

    Raises:
        NotFound: If it isn't there.
        Invalid: If its driver isn't installed.
        Unavailable: If it doesn't answer, or is no database.
    """
    place = project.warehouse
    try:
        if place.engine == "duckdb":
            return noted(_duckdb(place, project.catalogue.sources.values()))
        return noted(_maker(place.engine)(place))
    except TwymanError as error:
        error.place = error.place or project.origin.at("warehouse.path" if place.engine == "duckdb" else "warehouse")
        raise


@contextmanager
def connected(project: Project) -> Generator[Connector]:
    """Open the connector to a project's warehouse, and let go of it in the end; errors are those of `connector`."""
    over = connector(project)
    try:
        yield over
    finally:
        over.close()


def _maker(engine: str) -> Maker:
    if engine in SERVERS:
        return SERVERS[engine]
    found = {one.name: one for one in entry_points(group=CONNECTORS)}
    if engine not in found:
        raise Invalid(f"engine '{engine}' isn't known: {nearest(engine, ['duckdb', *SERVERS, *found])}")
    return found[engine].load()


def warehouse(project: Project, over: Connector | None = None) -> SqlWarehouse:
    """Return a project's warehouse.

    Args:
        project: The project.
        over: Its connector, where one is open already.

    Raises:
        NotFound, Invalid, Unavailable: As `connector` does.
    """
    return SqlWarehouse(over or connector(project), incremental=project.warehouse.incremental)


def looks(project: Project, over: Connector) -> LookBook:
    """Return the book of looks that belongs to a project's warehouse.

    Raises:
        Invalid: If its connector can keep none.
    """
    if project.warehouse.engine == "duckdb":
        return LookFolder(folder_of(Path(project.warehouse.path)))
    if isinstance(over, Keeping):
        from twyman.warehouse.looks.book import KeptLooks  # noqa: PLC0415

        return KeptLooks(over)
    raise Invalid(
        f"the connector to '{project.warehouse.engine}' can keep no looks, and a plan with several needs them: "
        "use one that keeps books (twyman.warehouse.connector.Keeping)"
    )
