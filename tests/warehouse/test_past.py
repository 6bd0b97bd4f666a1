"""Past results from tables: files, frames, other columns, and rows that say none."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas
import pytest

from twyman.experiments.expectation import Expectation
from twyman.experiments.history import HistoryTable, PastResult
from twyman.kernel.errors import Invalid, NotFound
from twyman.metrics.source import Frame, Relation, Table
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.sources.past import past_results

HEADER = "experiment,metric,change,lift,se,ended"
FIRST = PastResult(experiment="a", metric="kept", change="layout", lift=0.02, se=0.004, ended=date(2014, 5, 1))

Read = Callable[..., tuple[PastResult, ...]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(text: str, relation: Relation | None = None, **columns: str) -> tuple[PastResult, ...]:
        (tmp_path / "past.csv").write_text(text)
        table = HistoryTable(name="history", relation=relation or Table("past.csv"), columns=columns)
        return past_results(DuckDBConnector(tmp_path), [table])

    return reading


def test_a_text_file_is_read(read: Read) -> None:
    assert read(f"{HEADER}\na,kept,layout,0.02,0.004,2014-05-01\n") == (FIRST,)


def test_a_file_may_call_its_columns_otherwise_and_leave_the_class_out(read: Read) -> None:
    found = read(
        "name,metric,effect,se,until\na,kept,0.02,0.004,2014-05-01\n", experiment="name", lift="effect", ended="until"
    )

    assert found == (PastResult(experiment="a", metric="kept", change="", lift=0.02, se=0.004, ended=date(2014, 5, 1)),)


def test_a_frame_with_times_and_expectations_is_read(read: Read) -> None:
    frame = pandas.DataFrame(
        {
            "experiment": ["a"], "metric": ["kept"], "change": ["layout"], "lift": [0.02], "se": [0.004],
            "ended": pandas.to_datetime(["2014-05-01 13:00"]), "low": [0.0], "likely": [0.01], "high": [0.02],
        }
    )  # fmt: skip

    (one,) = read("", Frame(frame))

    assert (one.ended, one.expected) == (date(2014, 5, 1), Expectation(0.0, 0.01, 0.02))


def test_a_table_that_is_not_there_is_told(read: Read) -> None:
    with pytest.raises(NotFound, match="elsewhere"):
        read("", Table("elsewhere.csv"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("experiment,metric,change,lyft,se,ended\na,kept,layout,0.02,0.004,2014-05-01\n", "no column 'lift'"),
        (f"{HEADER}\na,kept,layout,0.02,0,2014-05-01\n", "row 1: .* a standard error of 0"),
        (f"{HEADER}\na,kept,layout,much,0.004,2014-05-01\n", "lift 'much' is no number"),
        (f"{HEADER}\na,kept,layout,0.02,0.004,soon\n", "ended 'soon' is no day"),
    ],
)
def test_what_says_no_result_is_refused_with_its_row(read: Read, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(text)
