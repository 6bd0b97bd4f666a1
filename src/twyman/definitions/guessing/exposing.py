"""What a table of exposures is: whose export, which column holds what, and which of its rows are exposures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twyman.definitions.guessing.columns import WORDS, Taken, column, plain, some_column
from twyman.definitions.guessing.exports import Export, export_of
from twyman.definitions.guessing.guesses import Guesses

NAMES: Mapping[str, str] = {"key": "experiment_key", "arm": "arm_value"}
"""What columns are called that are taken out of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposing:
    """A table of exposures, understood.

    Attributes:
        key: Column of the experiment's key; `None`: the table holds one experiment.
        sql: The SELECT that makes a table of exposures of a table of other things, too; empty: it is one as it stands.
        exposing: Names of events that are exposures.
        said: What was taken for what.
    """

    unit: str
    time: str
    arm: str
    key: str | None
    sql: str = ""
    exposing: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def exposing(columns: Sequence[str], options: Guesses, *, table: str) -> Exposing:
    """Understand a table of exposures by its columns.

    Raises:
        NotFound: If no column holds the unit, the time or the arm.
        Invalid: If several may.

    Example:
        >>> found = exposing(["user_id", "timestamp", "experiment_id", "variation_id"], Guesses(), table="seen")
        >>> found.arm, found.said[0]
        ('variation_id', "seen: a table of exposures as GrowthBook's are")
    """
    export = export_of(columns)
    taken = {role: _role(role, columns, options, export, table) for role in ("unit", "time", "key", "arm")}
    if taken["key"] and taken["arm"] and taken["key"].column == taken["arm"].column and not options.key:
        taken["key"] = None  # what the asker calls the arm names no experiment
    found = {role: each for role, each in taken.items() if each is not None}
    said = [f"{table}: a table of exposures as {export.platform}'s are"] if export else []
    said += [str(each) for each in found.values()]
    said += [] if "key" in found else [f"{table}: no column is known to name the experiment, so it holds one only"]
    condition = _condition(columns, export)
    if condition:
        said.append(f"{table}: exposures are its rows with {condition}")
    return Exposing(
        unit=found["unit"].column,
        time=found["time"].column,
        arm=found["arm"].column,
        key=found["key"].column if "key" in found else None,
        sql=_select(columns, options, export, condition, table),
        exposing=export.exposing if export else (),
        said=tuple(said),
    )


def _role(role: str, columns: Sequence[str], options: Guesses, export: Export | None, table: str) -> Taken | None:
    given = options.columns(role)
    named = {each.lower() for each in columns}
    if export is not None and not any(each.lower() in named for each in given):
        if role in export.roles:
            spelled = _spelled(columns, export.roles[role])
            return Taken(table, WORDS[role], spelled, f"as {export.platform} exports it")
        if role in export.derived:
            held, inside = export.derived[role]
            return Taken(table, WORDS[role], NAMES[role], f"'{inside}' in '{_spelled(columns, held)}'")
    find = some_column if role == "key" else column
    return find(role, columns, table=table, given=given)


def _spelled(columns: Sequence[str], name: str) -> str:
    return next(each for each in columns if plain(each) == plain(name))


def _condition(columns: Sequence[str], export: Export | None) -> str:
    if export is None or export.only is None:
        return ""
    name, condition = export.only
    held = [each for each in columns if plain(each) == plain(name)]
    return condition.format(quoted(held[0])) if held else ""


def _select(columns: Sequence[str], options: Guesses, export: Export | None, condition: str, table: str) -> str:
    if export is None or not (condition or export.derived):
        return ""
    wanted = [role for role in export.derived if not options.columns(role)]
    made = [
        f"json_extract_string({quoted(_spelled(columns, export.derived[role][0]))}, "
        f"""'$."{export.derived[role][1]}"') AS {NAMES[role]}"""
        for role in wanted
    ]
    where = f" WHERE {condition}" if condition else ""
    return f"SELECT {', '.join(['*', *made])} FROM {named(table)}{where}"  # noqa: S608 - read back, and checked


def quoted(name: str) -> str:
    """Return a column's name as an expression writes it.

    Example:
        >>> quoted("$feature_flag")
        '"$feature_flag"'
    """
    return '"' + name.replace('"', '""') + '"'


def named(table: str) -> str:
    """Return a file or table as a SELECT writes it: each part of a table's name by itself.

    Example:
        >>> named("plays/*.parquet"), named("shop.plays")
        ('"plays/*.parquet"', '"shop"."plays"')
    """
    if "/" in table or table.rpartition(".")[2] in ENDINGS:
        return quoted(table)
    return ".".join(quoted(part) for part in table.split("."))


ENDINGS = ("csv", "tsv", "txt", "psv", "jsonl", "ndjson", "parquet", "pq", "gz", "zst")
"""How files of data end."""
