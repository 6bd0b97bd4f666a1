"""A split that changed with a flag's file: the analysis names the commit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas
import pytest
from tests.definitions.test_git_log import Repository

import twyman

START = datetime(2024, 3, 4, 12, tzinfo=UTC)
RAMPED = 4
FILES = """\
kind: exposures
name: seen
table: seen.csv
entities: {user: user_id}
timestamp: moment
arm: arm
---
kind: facts
name: plays
table: plays.csv
entities: {user: user_id}
timestamp: moment
---
kind: metric
name: plays
type: mean
facts: plays
value: {count: "*"}
window: 1d
cuped: none
---
kind: experiment
name: page
exposures: seen
arms: {control: {}, new: {}}
enrol: {from: 2024-03-04, until: 2024-03-12}
measure_until: 2024-03-14
metrics: {plays: {role: success}}
"""


def analysed(folder: Path) -> twyman.Analysis:
    """Half of the units are in either arm, but for the last days, on which fewer of the treatment are."""
    rows = [
        (f"{day}-{unit}", START + timedelta(days=day), "new" if unit % (2 if day < RAMPED else 4) == 1 else "control")
        for day in range(8)
        for unit in range(200)
    ]
    seen = pandas.DataFrame(rows, columns=["user_id", "moment", "arm"])
    seen.to_csv(folder / "seen.csv", index=False)
    seen[["user_id", "moment"]].iloc[::3].to_csv(folder / "plays.csv", index=False)
    (folder / "page.yaml").write_text(FILES)
    return twyman.analyze(folder / "page.yaml")


def cause(analysis: twyman.Analysis) -> str:
    return next(check.text for check in analysis.answer.health.checks if check.code == "srm_cause")


def test_the_commit_that_changed_the_split_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    repository = Repository(tmp_path)
    flag = "kind: client\nname: app\n# share: 50\n"
    repository.commit(START - timedelta(days=9), app_yaml=flag)
    commit = repository.commit(START + timedelta(days=RAMPED, hours=-3), by="Ada", app_yaml=f"{flag}title: new\n")

    said = f"On 2024-03-08: app.yaml: title new added, by Ada at 09:00 (commit {commit})."
    assert said in cause(analysed(tmp_path))


def test_without_a_repository_the_cause_is_told_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert "commit" not in cause(analysed(tmp_path))
