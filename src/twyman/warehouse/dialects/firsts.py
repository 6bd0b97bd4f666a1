"""First and last values where no aggregate takes a value by the order of another: windows, one row of which is kept.

A SELECT that groups rows is put on one that does not, where each row holds, for its group, the value wanted. That
value is the same in all rows of a group, so that the group may be by it, too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from twyman.warehouse.dialects.tree import case, given

ORDERED = "ordered"
_WHOLE = {
    "kind": "ROWS",
    "start": "UNBOUNDED",
    "start_side": "PRECEDING",
    "end": "UNBOUNDED",
    "end_side": "FOLLOWING",
}


@dataclass(frozen=True, slots=True)
class First:
    """What is wanted of a group: a value, of the row that is first among those that count.

    Attributes:
        counts: Which rows count; all others hold null.
        order: By what, and whether from the top.
    """

    value: exp.Expr
    counts: exp.Expr
    order: tuple[tuple[exp.Expr, bool], ...]

    def over(self, keys: Sequence[exp.Expr]) -> exp.Expr:
        """Return the value for each row, of the rows with the same keys."""
        order = [
            exp.Ordered(this=case((self.counts.copy(), one.copy())), desc=desc, nulls_first=False)
            for one, desc in self.order
        ]
        held = exp.FirstValue(this=case((self.counts.copy(), self.value.copy())))
        return exp.Window(
            this=held,
            partition_by=[key.copy() for key in keys],
            order=exp.Order(expressions=order),
            spec=exp.WindowSpec(**_WHOLE),
        )


def _by(call: exp.Anonymous, *, desc: bool, ties: bool) -> First:
    (value, by), condition = _arguments(call)
    order = ((by, desc), (value, desc)) if ties else ((by, desc),)
    some = (given(by),) if value == by else (given(value), given(by))
    return First(value, exp.and_(condition, *some), order)


def _last_known(call: exp.Anonymous) -> First:
    (value, moment), condition = _arguments(call)
    return First(value, exp.and_(condition, given(moment)), ((moment, True), (value, True)))


def _any(call: exp.Anonymous) -> First:
    (value,), condition = _arguments(call)
    return First(value, exp.and_(condition, given(value)), ((value, False),))


def _arguments(call: exp.Anonymous) -> tuple[list[exp.Expr], exp.Expr | None]:
    """Return what a word is called with, and the condition that its last argument has become null without."""
    *before, last = call.expressions
    ifs = last.args.get("ifs") if isinstance(last, exp.Case) else None
    if not ifs or len(ifs) > 1 or last.this or last.args.get("default"):
        return [*before, last], None
    return [*before, ifs[0].args["true"]], ifs[0].this


_WORDS: Mapping[str, Callable[[exp.Anonymous], First]] = {
    "arg_min": partial(_by, desc=False, ties=False),
    "arg_max": partial(_by, desc=True, ties=False),
    "first_by": partial(_by, desc=False, ties=True),
    "last_by": partial(_by, desc=True, ties=True),
    "last_known": _last_known,
    "any_value": _any,
}


def with_firsts(query: exp.Select) -> exp.Select:
    """Return a SELECT in which first and last values come from windows below it.

    Example:
        >>> import sqlglot
        >>> last = exp.Anonymous(this="last_by", expressions=[exp.column("x"), exp.column("t")])
        >>> query = sqlglot.parse_one("SELECT u, COUNT(*) AS n FROM facts GROUP BY u").select(last.as_("x"))
        >>> [one.alias_or_name for one in with_firsts(query).find(exp.Subquery).this.selects]
        ['u', 'first 1']
    """
    wanted = list(_wanted(query))
    if not wanted:
        return query
    sets, windows, held = _sets(query), dict[str, exp.Expr](), dict[str, list[exp.Expr]]()
    for call in wanted:
        written = call.sql()
        if written not in held:
            first, number = _WORDS[call.name.lower()](call), len(held) + 1
            titles = [f"first {number}.{place}" if place else f"first {number}" for place, _ in enumerate(sets)]
            windows |= {title: first.over(keys) for title, keys in zip(titles, sets, strict=True)}
            held[written] = [exp.column(title, quoted=True) for title in titles]
        own, *others = (one.copy() for one in held[written])
        # Of a set that a row isn't grouped by, the value is null.
        call.replace(exp.Coalesce(this=own, expressions=others) if others else own)
    keys = [[*of, *(one[place].copy() for one in held.values())] for place, of in enumerate(sets)]
    return _above(query, keys, windows)


def _wanted(query: exp.Select) -> Iterator[exp.Anonymous]:
    for projection in query.expressions:
        for node in projection.walk(prune=_is_query):
            if isinstance(node, exp.Anonymous) and node.name.lower() in _WORDS:
                yield node


def _is_query(node: exp.Expr) -> bool:
    return isinstance(node, exp.Query)


def _sets(query: exp.Select) -> list[list[exp.Expr]]:
    """Return the keys of a SELECT's groups: one list, or one a set."""
    group = query.args.get("group")
    if group is None:
        return [[]]
    held = next((one for one in group.expressions if isinstance(one, exp.GroupingSets)), None)
    if held is None:
        return [[key.copy() for key in group.expressions]]
    return [[key.copy() for key in one.unnest().expressions or [one.unnest()]] for one in held.expressions]


def _above(query: exp.Select, sets: list[list[exp.Expr]], windows: Mapping[str, exp.Expr]) -> exp.Select:
    """Return the groups of a SELECT over its rows, which hold every column that it names, and the windows."""
    several = bool(query.args.get("joins"))
    below: dict[str, exp.Expr] = {}
    shown = [_titled(one, _raised(one, below, windows, several=several)) for one in query.expressions]
    raised = exp.Select(expressions=shown)
    keys = [[_raised(one, below, windows, several=several) for one in of] for of in sets]
    rows = exp.Select(
        expressions=[_named(one, title) for title, one in (below | dict(windows)).items()],
        **{part: query.args.get(part) for part in ("from_", "joins", "where")},
    )
    named = exp.TableAlias(this=exp.to_identifier(ORDERED))
    raised = raised.from_(exp.Subquery(this=rows, alias=named))
    if len(keys) == 1:
        return raised.group_by(*keys[0]) if keys[0] else raised
    tuples = [exp.Tuple(expressions=of) for of in keys]
    raised.set("group", exp.Group(expressions=[exp.GroupingSets(expressions=tuples)]))
    return raised


def _raised(tree: exp.Expr, below: dict[str, exp.Expr], windows: Mapping[str, exp.Expr], *, several: bool) -> exp.Expr:
    """Return an expression over the columns of the SELECT below, which is to hold them."""
    if isinstance(tree, exp.Column):
        return _below(tree, below, windows, several=several)
    for found in list(tree.find_all(exp.Column)):
        found.replace(_below(found, below, windows, several=several))
    return tree


def _below(
    found: exp.Column, below: dict[str, exp.Expr], windows: Mapping[str, exp.Expr], *, several: bool
) -> exp.Expr:
    if found.name in windows:
        return found.copy()
    title = f"{found.table} {found.name}" if several and found.table else found.name
    below[title] = found.copy()
    return exp.column(_name(title))


def _titled(before: exp.Expr, after: exp.Expr) -> exp.Expr:
    return after if before.alias_or_name == after.alias_or_name else _named(after, before.alias_or_name)


def _named(value: exp.Expr, title: str) -> exp.Expr:
    return value if isinstance(value, exp.Column) and value.name == title else exp.Alias(this=value, alias=_name(title))


def _name(title: str) -> exp.Identifier:
    return exp.to_identifier(title, quoted=not title.isidentifier())
