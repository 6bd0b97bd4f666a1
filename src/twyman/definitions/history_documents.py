"""What a history of past results may say in a definition file."""

from msgspec import Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import Column, Name, Size, TableName, Text, Time


class PastResultDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """One metric of one finished experiment.

    Attributes:
        experiment: The experiment.
        metric: The metric, by the name that it has here.
        lift: The effect relative to control, as it was estimated.
        se: Its standard error.
        ended: The last day of measurement: nothing that began by then reads it.
        change: Class of the change: layout, ranking, price.
        decision: What was decided.
        owner: The team that had expected it.
        low: 10th percentile of what was expected.
        likely: Median of what was expected.
        high: 90th percentile of what was expected.
    """

    experiment: Text
    metric: Name
    lift: Size
    se: Size
    ended: Time
    change: Text | None = None
    decision: Text | None = None
    owner: Text | None = None
    low: Size | None = None
    likely: Size | None = None
    high: Size | None = None


class PastPairsDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """How often experiments on one surface or two have changed each other's effects.

    Attributes:
        surfaces: The surface, or the two.
        tested: Pairs of experiments that were looked at.
        interacting: Those of them that interacted.
    """

    surfaces: list[Name]
    tested: int
    interacting: int


class HistoryDocument(NamedDocument, kw_only=True, tag="history"):
    """What past experiments found: all of them, flat and lost ones too.

    Attributes:
        rows: The results, written here.
        table: A file or table of the warehouse instead, with one result a row.
        columns: Column of the table by what it holds; left out: experiment, metric, change, lift, se, ended and, where
            they are there, decision, owner, low, likely, high.
        pairs: Which surfaces' experiments have interacted, and how often: the launch gate ranks neighbours by it.
    """

    rows: list[PastResultDocument] | None = None
    table: TableName | None = None
    columns: dict[Name, Column] | None = None
    pairs: list[PastPairsDocument] | None = None
