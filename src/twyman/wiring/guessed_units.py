"""Definitions of a table that nobody defined and that knows no time: each row is a unit, with its arm and outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twyman.definitions.guessing.arms import arms, slug
from twyman.definitions.guessing.columns import Taken, column, some_column
from twyman.definitions.guessing.exports import export_of
from twyman.definitions.guessing.exposing import quoted
from twyman.definitions.guessing.guesses import Guesses
from twyman.definitions.guessing.measures import OF_METRICS, numeric, outcomes, refuse_no_number
from twyman.kernel.errors import Invalid
from twyman.warehouse.engine import Engine
from twyman.warehouse.inspection import Inspected, relation_of
from twyman.wiring.guessed_key import KEYS, key_in

UNIT = "unit"
"""The entity of definitions that nobody named."""

Document = dict[str, Any]

_NO_TIME = (
    "{}: no column is known to tell a time, so each row is a unit with its outcomes: nothing can be said of days, "
    "windows or what was before; where rows are exposures, name their time, as in --time COLUMN"
)


def has_no_time(columns: Sequence[str], options: Guesses) -> bool:
    """Whether nothing tells when rows of a table happened, by its columns and by what the asker said."""
    if options.time or export_of(columns) is not None:
        return False
    try:
        return some_column("time", columns, table="") is None
    except Invalid:  # several may
        return False


def unit_documents(engine: Engine, title: str, options: Guesses, asked: str | None) -> tuple[list[Document], list[str]]:
    """Return the definitions of a table of units, of its metrics and of the experiment, and what is said of them.

    Args:
        engine: The session with the engine.
        title: What the asker calls the table.
        options: What is said beforehand.
        asked: Key of the experiment, where the table holds several.

    Raises:
        NotFound: If no column is known to hold the arm, or what was named isn't there.
        Invalid: If several columns may hold a role, or no number is there to compare.
    """
    is_ = _roles(list(Inspected(engine, "units", relation_of(title)).types), options, title)
    table = Inspected(engine, "units", relation_of(title), ids=is_.taken)
    named, only, why = _experiment(table, is_.key, asked, title)
    found = arms(table.counts(is_.arm.column, most=KEYS, only=only), options, column=is_.arm.column, table=title)
    read, measured, left = _outcomes(table, is_.taken, options, title)
    said = [_NO_TIME.format(title), *is_.said, why, *found.said, left, OF_METRICS.format(len(measured))]
    source: Document = {
        "kind": "units",
        "name": "units",
        "table": title,
        **({"entities": {UNIT: is_.unit.column}} if is_.unit else {"row_is_unit": True}),
        "arm": is_.arm.column,
        "outcomes": read,
        **({"where": f"{quoted(only[0])} = '{only[1].replace(chr(39), chr(39) * 2)}'"} if only else {}),
    }
    experiment: Document = {
        "kind": "experiment",
        "name": f"audit-{slug(named, 'of')}",
        "title": named,
        "units": "units",
        "arms": dict(found.written),
        "metrics": {metric["name"]: {"role": "information"} for metric in measured},
    }
    return [source, *measured, experiment], said


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which columns hold what, and what is said of them."""

    arm: Taken
    unit: Taken | None
    key: Taken | None
    said: tuple[str, ...]

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(each.column for each in (self.arm, self.unit, self.key) if each is not None)


def _roles(columns: Sequence[str], options: Guesses, title: str) -> _Roles:
    arm = column("arm", columns, table=title, given=options.columns("arm"))
    unit = some_column("unit", columns, table=title, given=options.unit)
    others = [each for each in columns if each != arm.column]
    key = some_column("key", others, table=title, given=options.columns("key"))
    said = [str(each) for each in (unit, arm, key) if each is not None]
    if unit is None:
        said.append(f"{title}: no column is known to hold the unit's id, so each row is a unit of its own")
    return _Roles(arm, unit, key, tuple(said))


def _experiment(
    table: Inspected, key: Taken | None, asked: str | None, title: str
) -> tuple[str, tuple[str, str] | None, str]:
    """Return what the experiment is called, the column and value of its rows where there are others, and why."""
    if key is None:
        return asked or Path(title).name.partition(".")[0], None, ""
    named, why = key_in(table, key.column, asked, title=title)
    return named, (key.column, named), why


def _outcomes(
    table: Inspected, taken: Sequence[str], options: Guesses, title: str
) -> tuple[Mapping[str, str], list[Document], str]:
    """Return the expression of each outcome, their metrics, and what is said of numbers that are none.

    Raises:
        Invalid: If there is none, or what the asker named is no number.
    """
    refuse_no_number(options, {title: table.numeric})
    wanted, left = numeric(table.numeric, taken, options, table=title)
    held = {name: one.is_truth for name, one in table.numbers(wanted).items() if one.varies}
    measured = outcomes(held)
    if not measured:
        raise Invalid(f"'{title}' has no number to compare arms by: name a numeric column, as in --value COLUMN")
    return {metric["name"]: quoted(name) for name, metric in zip(held, measured, strict=True)}, measured, left
