"""One expression over a row, as a user wrote it: read, checked, and tied to its table.

An expression computes from its row and nothing else. What reaches beyond it (a second statement, a
subquery, an aggregate, a function that reads files, the clock, chance) is refused with its reason.
"""

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Place
from twyman.warehouse.syntax import DIALECT, column

_REACHING = (
    "read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto", "read_text",
    "read_blob", "glob", "query", "query_table", "getenv", "current_setting", "set_config", "getvariable",
    "nextval", "currval",
)  # fmt: skip
_MOVING = ("random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "now", "today", "get_current_time",
           "get_current_timestamp", "transaction_timestamp", "current_localtimestamp", "setseed")  # fmt: skip
_COMMANDS = (exp.Command, exp.DDL, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Drop, exp.Alter, exp.Attach,
             exp.Detach, exp.Pragma, exp.Copy, exp.Set, exp.Use, exp.Transaction)  # fmt: skip
_REFUSED: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.Query, exp.Subquery, exp.Exists), "holds a subquery, and an expression sees its own row only"),
    ((exp.AggFunc,), "aggregates rows, and an expression sees one row: the metric aggregates"),
    ((exp.Window,), "looks at other rows, and an expression sees one row"),
    (_COMMANDS, "is a command, and an expression only reads"),
    ((exp.Alias, exp.Star), "is no single value"),
    ((exp.Placeholder, exp.Parameter), "holds a placeholder, which nothing fills"),
    ((exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Rand, exp.Uuid),
     "changes from one reading to the next"),
    ((exp.ReadCSV, exp.ReadParquet), "reads a file, and an expression sees its own row only"),
)  # fmt: skip


def parsed(
    written: str,
    *,
    columns: Iterable[str],
    table: str,
    place: Place | None,
    names: Mapping[str, exp.Expr] | None = None,
) -> exp.Expr:
    """Return a user's expression with its columns tied to a table.

    Args:
        written: What the user wrote: the name of a column, or an expression.
        columns: Columns of the table.
        table: Name by which the statement knows the table.
        place: Where it was written.
        names: Further names at hand (measures), by what they stand for.

    Raises:
        Invalid: If it can't be read, reaches beyond its row, or names a column that isn't there.
    """
    spelled = {known.lower(): known for known in columns}
    given = names or {}
    if written in given:
        return given[written].copy()
    if written.lower() in spelled:
        return column(spelled[written.lower()], table)
    tree = _single(written, place)
    _refuse_reach(tree, written, place)
    bound = {str(argument.name).lower() for scope in tree.find_all(exp.Lambda) for argument in scope.expressions}
    for found in list(tree.find_all(exp.Column)):
        tied = _tied(found, spelled, given, table)
        if tied is None and found.parts[0].name.lower() in bound:
            continue
        if tied is None:
            missing = found.parts[0].name
            hint = nearest(missing, [*spelled.values(), *given])
            raise Invalid(f"column '{missing}' isn't in '{table}': {hint}", place=place)
        tree = tied if found is tree else _replaced(tree, found, tied)
    return tree


def unread(error: SqlglotError) -> str:
    """Say where a text stops being SQL."""
    first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    where = f"line {first['line']}, column {first['col']}" if first.get("line") else "its end"
    near = f", near '{first['highlight']}'" if first.get("highlight") else ""
    return f"can't be read at {where}{near}"


def _single(written: str, place: Place | None) -> exp.Expr:
    try:
        statements = [statement for statement in sqlglot.parse(written, dialect=DIALECT) if statement is not None]
    except SqlglotError as error:
        raise Invalid(f"expression '{written}' {unread(error)}: correct it", place=place) from error
    if len(statements) != 1:
        raise Invalid(
            f"expression '{written}' holds {len(statements)} statements: write one expression over the row", place=place
        )
    for node in statements[0].walk():
        node.comments = None
    return statements[0]


def _refuse_reach(tree: exp.Expr, written: str, place: Place | None) -> None:
    for node in tree.walk():
        for kinds, reason in _REFUSED:
            if isinstance(node, kinds):
                raise Invalid(f"expression '{written}' {reason}: write one expression over the row", place=place)
        called = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if called in _REACHING:
            raise Invalid(
                f"expression '{written}' calls {called}(), which reaches beyond its row: leave it out", place=place
            )
        if called in _MOVING:
            raise Invalid(
                f"expression '{written}' calls {called}(), so no look could be read twice: write a fixed value",
                place=place,
            )


def _tied(found: exp.Column, spelled: Mapping[str, str], names: Mapping[str, exp.Expr], table: str) -> exp.Expr | None:
    first, *rest = found.parts
    if not rest and first.name in names:
        return exp.paren(names[first.name].copy())
    if rest and first.name.lower() == table.lower():
        first, *rest = rest
    if first.name.lower() not in spelled:
        return None
    tied: exp.Expr = column(spelled[first.name.lower()], table)
    for part in rest:
        tied = exp.Dot(this=tied, expression=part.copy())
    return tied


def _replaced(tree: exp.Expr, found: exp.Expr, tied: exp.Expr) -> exp.Expr:
    found.replace(tied)
    return tree
