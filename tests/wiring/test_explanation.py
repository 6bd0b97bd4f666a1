"""What `explain` shows is what an analysis then runs: no more, no less, and nothing beforehand."""

from datetime import datetime
from pathlib import Path

import pytest
from tests.cli.studio import studio, write

from twyman.app.explain_sql import (
    ASSIGNED,
    CENTRED,
    CROSSED,
    DELIVERED,
    EXTENT,
    LATEST,
    OTHERS,
    PAST,
    ROWS,
    UNDECLARED,
    WITHIN,
    Explained,
    ExplainSql,
)
from twyman.app.views import Answer
from twyman.definitions import Project, load
from twyman.kernel.errors import Conflict
from twyman.kernel.time import instant, system_clock
from twyman.warehouse.connector import Row
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.sources.past import past_statements
from twyman.wiring.analysis import use_case
from twyman.wiring.warehouses import warehouse

END = instant("2024-03-12")
UNITS = 900
MORE = """\
---
kind: metric
name: days-heard
facts: plays
type: proportion
value: {count: "*"}
window: 1d
cuped: none
---
kind: history
name: earlier
table: earlier.csv
"""
BROKEN = """\
kind: facts
name: skips
table: plays/*.csv
entities: {user: user_id}
timestamp: played_at
measures: {skipped: no_such_column}
---
kind: metric
name: skips
facts: skips
type: mean
value: {sum: skipped}
window: 1d
cuped: none
"""
EARLIER = "experiment,metric,change,lift,se,ended\nshelf-0,minutes,page,0.01,0.01,2023-01-01\n"


class Recording(DuckDBConnector):
    """Remembers the statements that ran."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.ran = list[str]()

    def rows(self, sql: str) -> list[Row]:
        self.ran.append(sql)
        return super().rows(sql)


def met(unit: int) -> list[str]:
    """Our own arm, one dealt apart from it, and one that goes along with it in two of three units."""
    own = unit % 2
    arms = {"page": own, "search": unit // 2 % 2, "shelf": own if unit % 3 else 1 - own}
    return [f"u{unit},{name},{('old', 'new')[arm]},2024-03-{1 + unit % 5:02d} 10:00:00" for name, arm in arms.items()]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = studio(tmp_path_factory.mktemp("explained"))
    write(made / "more.yaml", MORE.removeprefix("---\n"))
    write(made / "data" / "earlier.csv", EARLIER)
    rows = [row for unit in range(UNITS) for row in met(unit)]
    write(made / "data" / "exposures.csv", "\n".join(["user_id,test,arm,exposed_at", *rows, ""]))
    for name in ("page", "search"):
        file = made / f"{name}.yaml"
        write(file, f"{file.read_text()}surface: home\n")
    page = (made / "page.yaml").read_text().replace("units: 400", "units: 4000")
    write(made / "page.yaml", f"{page}assignments: exposures\ndelivery: {{facts: plays}}\n")
    return made


def told(project: Project, over: DuckDBConnector, as_of: datetime | None = END) -> tuple[Explained, ...]:
    ask = ExplainSql(
        warehouse=warehouse(project, over),
        clock=system_clock,
        past=lambda: past_statements(over, project.history.tables),
        neighbours=tuple(project.experiments.values()),
    )
    return ask(project.experiments["page"], project.catalogue, as_of=as_of)


def analysed(project: Project, over: DuckDBConnector) -> Answer:
    return use_case(project, over=over)(project.experiments["page"], project.catalogue, as_of=END)


def purposes(shown: tuple[Explained, ...]) -> list[str]:
    return list(dict.fromkeys(one.purpose for one in shown))


def test_every_statement_is_shown_with_what_it_is_for(root: Path) -> None:
    shown = told(load(root), DuckDBConnector(root / "data"))

    effects = "the effects, as of 2024-03-12T00:00:00Z; and for each of 3 earlier looks, as of its own day, unless it"
    assert purposes(shown) == [
        EXTENT,
        f"{effects} is kept",
        CENTRED,
        LATEST,
        PAST,
        UNDECLARED,
        OTHERS,
        ROWS,
        ASSIGNED,
        WITHIN,
        DELIVERED,
        CROSSED,
    ]
    assert {one.purpose for one in shown if not one.sql} == {CENTRED, WITHIN}
    assert {one.purpose for one in shown if one.only_if} == {CENTRED, LATEST, WITHIN, CROSSED}
    (crossed,) = [one for one in shown if one.purpose == CROSSED]
    assert crossed.only_if == "100 units are in every pair of arms, dealt independently: those of 'search' that are so"


def test_nothing_that_is_shown_has_run_and_all_of_it_runs_in_the_analysis(root: Path) -> None:
    project, over = load(root), Recording(root / "data")

    shown = told(project, over)
    ran = set(over.ran)
    assert [one.purpose for one in shown if one.sql in ran] == []

    over.ran.clear()
    answer = analysed(project, over)
    written = {one.sql: one.purpose for one in shown if one.sql}
    assert {purpose for sql, purpose in written.items() if sql not in over.ran} == {LATEST}
    unshown = [sql for sql in answer.sql if sql not in written]
    assert len(unshown) == 1
    assert "'shelf'" in unshown[0]


def test_where_the_cut_off_follows_from_the_data_they_are_asked_and_it_is_said(root: Path, tmp_path: Path) -> None:
    open_ended = (root / "page.yaml").read_text().replace("measure_until: 2024-03-12\n", "")
    write(tmp_path / "page.yaml", open_ended)
    for name in ("twyman.yaml", "sources.yaml", "more.yaml", "search.yaml"):
        write(tmp_path / name, (root / name).read_text())
    (tmp_path / "data").symlink_to(root / "data")
    over = Recording(tmp_path / "data")

    shown = told(load(tmp_path), over, as_of=None)

    run = [one.purpose for one in shown if one.sql in over.ran]
    assert run == [f"{EXTENT} (it has run: the cut-off follows from it)"] * 2


def test_a_day_still_to_come_is_refused_before_anything_is_shown(root: Path) -> None:
    with pytest.raises(Conflict, match="is still to come"):
        told(load(root), DuckDBConnector(root / "data"), as_of=instant("2199-01-01"))


def test_an_undeclared_metric_that_cannot_be_read_is_said_to_be_so(root: Path, tmp_path: Path) -> None:
    for name in ("twyman.yaml", "sources.yaml", "page.yaml", "search.yaml"):
        write(tmp_path / name, (root / name).read_text())
    write(tmp_path / "more.yaml", BROKEN)
    (tmp_path / "data").symlink_to(root / "data")

    shown = told(load(tmp_path), DuckDBConnector(tmp_path / "data"))

    (undeclared,) = [one for one in shown if one.purpose == UNDECLARED]
    assert not undeclared.sql
    assert undeclared.only_if.startswith("all of them can be read, and one can't: ")
    assert "no_such_column" in undeclared.only_if
    assert OTHERS in purposes(shown)


def test_beside_an_undeclared_metric_that_cannot_be_read_the_others_are_shown_and_run(
    root: Path, tmp_path: Path
) -> None:
    for name in ("twyman.yaml", "sources.yaml", "page.yaml", "search.yaml"):
        write(tmp_path / name, (root / name).read_text())
    write(tmp_path / "more.yaml", f"{MORE.split('---')[1]}---\n{BROKEN}")
    (tmp_path / "data").symlink_to(root / "data")
    project, over = load(tmp_path), Recording(tmp_path / "data")

    unread, read = sorted((one for one in told(project, over) if one.purpose == UNDECLARED), key=lambda one: one.sql)

    assert unread.only_if.startswith("'skips' can be read, which isn't so: ")
    assert not unread.sql
    assert not read.only_if
    analysed(project, over)
    assert read.sql in over.ran
