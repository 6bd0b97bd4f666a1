"""One expression over a row, as a user wrote it: read, checked, and tied to its table.

An expression computes from its row and nothing else. It may hold literals, columns, operators and the pure
functions of one table (`functions`). What isn't among them is refused with its reason: a second statement, a
subquery, an aggregate, whatever reads files, the clock or chance.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from sqlglot import exp

from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Place
from twyman.warehouse.dialects.tree import KIND
from twyman.warehouse.language import box, functions
from twyman.warehouse.language.syntax import column

LIMITS = box.Limits(characters=10_000, nodes=1_000)
TIED = box.Limits(characters=0, nodes=10_000)
"""With what the names at hand stand for."""

_OVER_ROWS = "write one expression over the row"
_REFUSED: box.Reasons = {
    (exp.Query, exp.Subquery, exp.Exists): f"holds a subquery, and an expression sees its own row only: {_OVER_ROWS}",
    (exp.AggFunc,): f"aggregates rows, and an expression sees one row: the metric aggregates: {_OVER_ROWS}",
    (exp.Window,): f"looks at other rows, and an expression sees one row: {_OVER_ROWS}",
    box.COMMANDS: f"is a command, and an expression only reads: {_OVER_ROWS}",
    (exp.Alias, exp.Aliases, exp.Star, exp.Columns, exp.Tuple): f"is no single value: {_OVER_ROWS}",
    (exp.Placeholder, exp.Parameter, exp.PositionalColumn): f"holds a placeholder, which nothing fills: {_OVER_ROWS}",
    box.MOVING: "changes from one reading to the next, so no look could be read twice: write a fixed value",
    (exp.ReadCSV, exp.ReadParquet): f"reads a file, and an expression sees its own row only: {_OVER_ROWS}",
    (exp.Comprehension,): "makes lists of lists, and could fill memory: write list_filter or list_transform",
}


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
        columns: Columns of the table; with their types, where those are known, which dialects may look at.
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
        return _typed(column(spelled[written.lower()], table), columns)
    tree = _single(written, place)
    _refuse_all_else(tree, written, place)
    bound = {str(argument.name).lower() for scope in tree.find_all(exp.Lambda) for argument in scope.expressions}
    for found in list(tree.find_all(exp.Column)):
        tied = _tied(found, spelled, given, table)
        if tied is None and found.parts[0].name.lower() in bound:
            continue
        if tied is None:
            missing = found.parts[0].name
            hint = nearest(missing, [*spelled.values(), *given])
            raise Invalid(f"column '{missing}' isn't in '{table}': {hint}", place=place)
        tied = _typed(tied, columns)
        tree = tied if found is tree else _replaced(tree, found, tied)
    _refuse_swollen(tree, written, place)
    return tree


def _single(written: str, place: Place | None) -> exp.Expr:
    try:
        found = box.statements(written, LIMITS)
    except ValueError as error:
        raise Invalid(f"expression '{box.shown(written)}' {error}", place=place) from error
    if len(found) != 1:
        raise Invalid(
            f"expression '{box.shown(written)}' holds {len(found)} statements: {_OVER_ROWS}",
            place=place,
        )
    return found[0]


def _refuse_all_else(tree: exp.Expr, written: str, place: Place | None) -> None:
    for node in tree.walk():
        reason = next((why for kinds, why in _REFUSED.items() if isinstance(node, kinds)), "")
        if not reason and not box.is_plain(node) and not functions.is_known(node):
            reason = (
                functions.refused(node)
                if functions.called(node)
                else f"holds {box.what_is(node)}, which isn't among what an expression may say: {_OVER_ROWS}"
            )
        if reason:
            raise Invalid(f"expression '{box.shown(written)}' {reason}", place=place)


def _refuse_swollen(tree: exp.Expr, written: str, place: Place | None) -> None:
    what = f"expression '{box.shown(written)}', with what its names stand for,"
    box.refuse_growing(tree, what, place)
    try:
        box.refuse_large(tree, TIED)
    except ValueError as error:
        raise Invalid(f"{what} {error}", place=place) from error


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


def _typed(tied: exp.Expr, columns: Iterable[str]) -> exp.Expr:
    """Note the type of a column on it, where that is known."""
    if isinstance(tied, exp.Column) and isinstance(columns, Mapping):
        tied.meta[KIND] = cast("Mapping[str, str]", columns)[tied.name]
    return tied


def _replaced(tree: exp.Expr, found: exp.Expr, tied: exp.Expr) -> exp.Expr:
    found.replace(tied)
    return tree
