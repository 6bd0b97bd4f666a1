"""A small music service in YAML, and how to spoil it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twyman.definitions import check

MUSIC = """\
kind: facts
name: listening
table: listening/*.parquet
entities: {user: user_id}
timestamp: played_at
measures: {seconds: played_ms / 1000.0, skipped: skipped}
---
kind: attributes
name: profile
table: users.parquet
entities: {user: user_id}
columns: {country: country, plan: plan}
---
kind: exposures
name: exposures
table: exposures/*.parquet
entities: {user: user_id}
timestamp: exposed_at
experiment: experiment
arm: arm
---
kind: metric
name: minutes_per_user
type: mean
facts: listening
value: {sum: seconds, scale: 1/60}
window: 7d
---
kind: metric
name: skip_rate
type: ratio
numerator: {facts: listening, sum: skipped}
denominator: {facts: listening, count: "*"}
window: 7d
direction: decrease
---
kind: experiment
name: page
arms: {control: {}, moments: {}}
exposures: exposures
enrol: {from: 2015-04-06, until: 2015-05-04}
measure_until: 2015-06-01
metrics:
  minutes_per_user: {role: success, mde: 1%}
  skip_rate: {role: guardrail, margin: 1%}
"""
"""One whole and sound project in a file."""

TABLE = """\
kind: units
name: shop
table: shop.csv
row_is_unit: true
arm: segment
outcomes: [visit, spend]
covariates: [history]
---
kind: metric
name: visits
type: proportion
value: {outcome: visit}
---
kind: experiment
name: mail
arms: {control: {}, mail: {}}
units: shop
metrics: {visits: {role: success}}
"""
"""A sound project over a table of units."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the test stands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def music(here: Path) -> Path:
    """The file of the sound music service."""
    file = here / "music.yaml"
    file.write_text(MUSIC)
    return file


@pytest.fixture
def errors(here: Path) -> Callable[..., list[str]]:
    """Every error of a file `a.yaml` with this text."""

    def of(text: str) -> list[str]:
        (here / "a.yaml").write_text(text)
        return [str(error) for error in check(here / "a.yaml").errors]

    return of


@pytest.fixture
def spoilt(errors: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Every error of the music service (or another text), once a line in it reads otherwise."""

    def of(before: str, after: str, text: str = MUSIC) -> list[str]:
        assert text.count(before) == 1, f"{before!r} must stand once in the text"
        return errors(text.replace(before, after))

    return of


@pytest.fixture
def spoilt_table(spoilt: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """The same for the table of units."""
    return lambda before, after: spoilt(before, after, TABLE)
