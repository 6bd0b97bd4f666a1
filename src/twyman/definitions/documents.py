"""Every kind of document, by the word that a file says after `kind:`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from twyman.definitions.context_documents import ContextsDocument
from twyman.definitions.experiment_documents import ExperimentDocument
from twyman.definitions.flag_documents import (
    ClientDocument,
    FlagDocument,
    GroupDocument,
    ImportDocument,
    SegmentDocument,
)
from twyman.definitions.folder import Written
from twyman.definitions.history_documents import HistoryDocument
from twyman.definitions.metric_documents import MetricDocument
from twyman.definitions.source_documents import (
    AggregatesDocument,
    AttributesDocument,
    Document,
    ExposuresDocument,
    FactsDocument,
    NamedDocument,
    UnitsDocument,
)
from twyman.definitions.subject import Subject
from twyman.definitions.words import Duration, Name, Share, Text


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document read, as it was written, and the subject under which errors are noted."""

    written: Written
    document: Document
    subject: Subject


class WarehouseDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Where the data are, and how they are asked; $NAME is read from the environment.

    Attributes:
        engine: duckdb, postgres, clickhouse or spark; or the name of a connector that is installed.
        path: Folder of data files, or a DuckDB file, from the project's folder; for duckdb, and for spark where its
            sources are files.
        iceberg: Iceberg catalogue, by its name in pyiceberg's own configuration; for duckdb, whose sources then name
            its tables as in iceberg:shop.plays.
        url: Address of a server, such as $WAREHOUSE_URL; a password is never written here.
        timeout: How long one statement may run, such as 10m; left out: as long as the engine lets it.
        memory: How much memory DuckDB may take, such as 4GB, before it writes to disk; left out: four fifths of it.
        refresh: full reads a source from its beginning at each look; incremental keeps what was read beside the
            data and reads what is new.
        concurrency: How many experiments `analyze --all` analyses at a time, each over a connection of its own; left
            out: 4 on postgres and clickhouse, else 1.
    """

    engine: Text = "duckdb"
    path: Text | None = None
    iceberg: Text | None = None
    url: Text | None = None
    timeout: Duration | None = None
    memory: Text | None = None
    refresh: Literal["full", "incremental"] = "full"
    concurrency: Annotated[int, Meta(ge=1, le=64)] | None = None


class EntityDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is randomised and analysed.

    Attributes:
        type: How its ids are written.
    """

    type: Literal["string", "integer"] = "string"


class DefaultsDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What holds where a definition says nothing.

    Attributes:
        alpha: Error rate of success metrics.
        power: Wanted power.
        alpha_deterioration: Total chance of calling a harmless change harmful.
        cuped: Covariate window of metrics over facts; none switches adjustment off.
    """

    alpha: Share | None = None
    power: Share | None = None
    alpha_deterioration: Share | None = None
    cuped: Duration | None = None


class ProjectDocument(Document, kw_only=True, tag="project"):
    """The project: its warehouse, entities and defaults. It stands in `twyman.yaml`.

    Attributes:
        name: Its name; left out: the folder's.
        warehouse: Where the data are; left out: files beside the project.
        timezone: Zone in which zoneless times are read and days begin; UTC unless said.
        entities: What is randomised and analysed, by name; left out: any entity may be named.
        defaults: What holds where a definition says nothing.
        teams: Who belongs to which team: nobody of an experiment's owner signs its surprises off.
    """

    name: Name | None = None
    warehouse: WarehouseDocument | None = None
    timezone: Text | None = None
    entities: dict[Name, EntityDocument | None] | None = None
    defaults: DefaultsDocument | None = None
    teams: dict[str, list[Text]] | None = None


class SurfaceDocument(NamedDocument, kw_only=True, tag="surface", forbid_unknown_fields=False):
    """A product area whose experiments are coordinated together."""


DOCUMENTS: dict[str, type[Document]] = {
    "project": ProjectDocument,
    "facts": FactsDocument,
    "attributes": AttributesDocument,
    "exposures": ExposuresDocument,
    "units": UnitsDocument,
    "aggregates": AggregatesDocument,
    "metric": MetricDocument,
    "experiment": ExperimentDocument,
    "history": HistoryDocument,
    "flag": FlagDocument,
    "segment": SegmentDocument,
    "group": GroupDocument,
    "client": ClientDocument,
    "import": ImportDocument,
    "contexts": ContextsDocument,
    "surface": SurfaceDocument,
}
"""The type of each kind's document."""
