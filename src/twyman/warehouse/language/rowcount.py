"""How many rows a SELECT makes of each that its tables hold: bounded before it runs, as far as it can be seen.

A cross join, a recursion, a list unpacked again and again, a part that doubles the part before it: each makes
much of little. A join on a condition counts as one row for one, since only the data say otherwise.
"""

from collections.abc import Mapping

from sqlglot import exp

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place

MOST_ROWS = 1_000_000
"""Rows that a SELECT may make of one."""
MOST_READINGS = 200
"""How often it may read tables, with its parts written out."""
UNPACKED = 100
"""Items that a list is taken to have, where it doesn't say."""

_Size = tuple[float, float]
"""Rows made of one, and tables read."""


def refuse_multiplied(query: exp.Expr, place: Place | None) -> None:
    """Refuse a SELECT that makes rows without bound, or too many of each.

    Raises:
        Invalid: If it does.
    """
    for found in query.find_all(exp.With):
        if found.recursive:
            raise Invalid("sql is recursive, and may never end: write the steps out, or prepare a table", place=place)
    rows, readings = _size(query, {}, place)
    if rows > MOST_ROWS:
        raise Invalid(f"sql makes more than {MOST_ROWS:,} rows of one: join on a condition", place=place)
    if readings > MOST_READINGS:
        raise Invalid(
            f"sql reads tables more than {MOST_READINGS} times, with its parts written out: prepare a table",
            place=place,
        )


def _size(query: exp.Expr, known: Mapping[str, _Size], place: Place | None) -> _Size:
    known = dict(known)
    given: exp.With | None = query.args.get("with_")
    for cte in given.expressions if given else []:
        known[cte.alias.lower()] = _size(cte.this, known, place)
    if isinstance(query, exp.Subquery):
        return _size(query.this, known, place)
    if isinstance(query, exp.SetOperation):
        left, right = _size(query.this, known, place), _size(query.expression, known, place)
        return left[0] + right[0], left[1] + right[1]
    if isinstance(query, exp.Values):
        return float(len(query.expressions)), 0.0
    return _select_size(query, known, place)


def _select_size(query: exp.Expr, known: Mapping[str, _Size], place: Place | None) -> _Size:
    first: exp.Expr | None = query.args.get("from_")
    joins: list[exp.Expr] = query.args.get("joins") or []
    rows, readings = _item_size(first.this, known, place) if first else (1.0, 0.0)
    for join in joins:
        if not _is_tied(join, query) and not _is_small(join.this, query):
            raise Invalid(
                f"sql joins {join.this.sql('duckdb')} to every row: say on which condition, as in ON a.id = b.id",
                place=place,
            )
        more = _item_size(join.this, known, place)
        rows, readings = rows * more[0], readings + more[1]
    for column in query.expressions:
        rows *= UNPACKED ** len(list(column.find_all(exp.Explode)))
    for below in _subqueries(query, first, joins):
        readings += _size(below, known, place)[1]
    return (1.0 if _is_one_row(query) else rows), readings


def _item_size(item: exp.Expr, known: Mapping[str, _Size], place: Place | None) -> _Size:
    rows, readings = 1.0, 1.0
    if isinstance(item, exp.Subquery | exp.Values):
        rows, readings = _size(item.this if isinstance(item, exp.Subquery) else item, known, place)
    elif isinstance(item, exp.Unnest):
        rows, readings = float(max(UNPACKED, *(len(one.expressions) for one in item.expressions))), 0.0
    elif isinstance(item, exp.Table) and len(item.parts) == 1:
        rows, readings = known.get(item.name.lower(), (1.0, 1.0))
    inner: list[exp.Expr] = item.args.get("joins") or []
    for join in inner:
        if not _is_tied(join, item):
            raise Invalid("sql joins inside brackets without a condition: write ON", place=place)
        more = _item_size(join.this, known, place)
        rows, readings = rows * more[0], readings + more[1]
    return rows, readings


def _subqueries(query: exp.Expr, first: exp.Expr | None, joins: list[exp.Expr]) -> list[exp.Expr]:
    """Return the queries inside a SELECT's own expressions."""
    skipped = {id(one.this) for one in [first, *joins] if one} | {id(query.args.get("with_"))}
    found: list[exp.Expr] = []
    for node in query.walk(prune=lambda one: id(one) in skipped or (one is not query and isinstance(one, exp.Query))):
        if node is not query and id(node) not in skipped and isinstance(node, exp.Query):
            found.append(node)
    return found


def _is_tied(join: exp.Expr, query: exp.Expr) -> bool:
    """Say whether a join has a condition of its own, or one in WHERE that names it."""
    if join.args.get("using") or join.args.get("method") == "NATURAL":
        return True
    on, where = join.args.get("on"), query.args.get("where")
    if on is not None and not isinstance(join.this, exp.Unnest) and _compares(on, ""):
        return True
    return where is not None and _compares(where.this, join.this.alias_or_name.lower())


def _compares(condition: exp.Expr, table: str) -> bool:
    """Say whether a condition that must hold compares columns of two tables, one of them this one."""
    if isinstance(condition, exp.Paren):
        return _compares(condition.this, table)
    if isinstance(condition, exp.And):
        return _compares(condition.left, table) or _compares(condition.right, table)
    if isinstance(condition, exp.Or):
        return _compares(condition.left, table) and _compares(condition.right, table)
    if isinstance(condition, exp.Between):
        sides = [condition.this, condition.args["low"], condition.args["high"]]
    elif isinstance(condition, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.NullSafeEQ):
        sides = [condition.left, condition.right]
    else:
        return False
    named = [{column.table.lower() for column in side.find_all(exp.Column)} for side in sides]
    tables = {one for side in named for one in side}
    both = sum(bool(side) for side in named) > 1 and sides[0] != sides[1]
    return both and (len(tables) > 1 or "" in tables) and (not table or table in tables or "" in tables)


def _is_small(item: exp.Expr, query: exp.Expr) -> bool:
    """Say whether what is joined to every row has few: what is written out, a list of the row's own, or one row."""
    if isinstance(item, exp.Values | exp.Unnest):
        return True
    if isinstance(item, exp.Subquery):
        return isinstance(item.this, exp.Values) or _is_one_row(item.this)
    root = query.root()
    for cte in root.find_all(exp.CTE):
        if isinstance(item, exp.Table) and cte.alias.lower() == item.name.lower():
            return isinstance(cte.this, exp.Values) or _is_one_row(cte.this)
    return False


def _is_one_row(query: exp.Expr) -> bool:
    if not isinstance(query, exp.Select) or query.args.get("group"):
        return False
    if query.args.get("from_") is None:
        return not any(column.find(exp.Explode) for column in query.expressions)
    return bool(query.expressions) and all(_is_aggregated(column.unalias()) for column in query.expressions)


def _is_aggregated(value: exp.Expr) -> bool:
    return value.find(exp.AggFunc) is not None and value.find(exp.Window) is None and value.find(exp.Explode) is None
