"""From a tree in our words to an engine's text, in steps that every engine shares.

A step does nothing where there is nothing to do. Each rewrites the tree from its leaves up, so that what a
word makes of its arguments is translated already.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2s
from typing import cast

from sqlglot import exp

from twyman.warehouse.dialects.dialect import Dialect, Word
from twyman.warehouse.dialects.inlined import inlined

WIDTH = 110
DIGEST = 8
SHARED_BY = 2
_DEAR = exp.AggFunc, exp.Anonymous, exp.Window, exp.Query


def _itself(value: exp.Expr) -> exp.Expr:
    return value


def _text(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, "TEXT")


def _called(function: str) -> Word:
    return lambda *arguments: exp.Anonymous(this=function, expressions=list(arguments))


SHARED: Mapping[str, Word] = {
    "by_bytes": _itself,
    "text_of_double": _text,
    "min_truth": _called("min"),
    "max_truth": _called("max"),
}
"""Words that most engines need no form for: texts in the order of their bytes, a double as a text that shows it is
one, the lowest and the highest of truths."""


def printed(query: exp.Expr, dialect: Dialect) -> str:
    """Return a statement as an engine reads it, and a person would want to."""
    tree = translated(query, dialect)  # a copy, that the printer may change
    return tree.sql(dialect=dialect.printer, copy=False, pretty=True, max_text_width=WIDTH)


def translated(query: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Return a tree in an engine's own words; the one given stays as it is."""
    tree = query.copy()
    if not dialect.native:
        tree = _expanded(tree)
        if dialect.whole is not None:
            tree = _as_json(tree, dialect)
        if not dialect.filters:
            tree = _bottom_up(tree, _without_filter)
    tree = _bottom_up(tree, lambda node: _spelled(node, dialect))
    if dialect.longest_name is not None:
        _shorten(tree, dialect.longest_name)
    for found in tree.find_all(exp.Identifier):
        if str(found.this).lower() in dialect.reserved:
            found.set(arg_key="quoted", value=True)
    return tree


def staged_parts(query: exp.Expr, *, shared: bool = False) -> tuple[list[tuple[str, exp.Query]], list[exp.Expr]]:
    """Take a statement apart: its named parts in order, and the answers stacked on them.

    Args:
        query: The statement.
        shared: Whether parts are only those that are named more than once and cost something to compute; others stand
            where they are named.
    """
    whole = _expanded(query.copy())
    parts: dict[str, exp.Query] = {title: part.copy() for title, part in _named_parts(whole)}
    whole.set("with_", None)
    answers = [leaf.copy() for leaf in leaves(whole)]
    if not shared:
        return list(parts.items()), answers
    named, through = Counter(_tables(answers)), set[str]()
    for title, part in reversed(list(parts.items())):  # a part names those before it
        if named[title] < SHARED_BY or _is_view(part, parts):
            through.add(title)
        named.update(_tables([part] * (named[title] if title in through else 1)))
    within = {title: part for title, part in parts.items() if title in through}
    staged = [(title, _holding(part, within)) for title, part in parts.items() if title not in within]
    return cast("list[tuple[str, exp.Query]]", staged), [_holding(answer, within) for answer in answers]


def _tables(queries: Iterable[exp.Expr]) -> Iterator[str]:
    return (str(table.name) for one in queries for table in one.find_all(exp.Table))


def _is_view(part: exp.Expr, parts: Mapping[str, exp.Query]) -> bool:
    """Say whether a part takes rows and columns of another, and does nothing that is dear: it is read through."""
    given = {key for key, value in part.args.items() if value} - {"expressions", "from_", "where"}
    source: exp.From | None = part.args.get("from_")
    if given or source is None or not isinstance(source.this, exp.Table) or source.this.name not in parts:
        return False
    return not any(isinstance(one, _DEAR) and one is not part for one in part.walk())


def _holding(query: exp.Expr, parts: Mapping[str, exp.Query]) -> exp.Expr:
    """Return a query with the parts that it names, and those that they name, within it."""
    wanted = {str(table.name) for table in query.find_all(exp.Table)}
    held: list[exp.CTE] = []
    for title, part in reversed(list(parts.items())):  # a part names those before it
        if title in wanted:
            wanted |= {str(table.name) for table in part.find_all(exp.Table)}
            held.insert(0, exp.CTE(this=part.copy(), alias=exp.TableAlias(this=exp.to_identifier(title))))
    if held:
        own: exp.With | None = query.args.get("with_")
        query.set("with_", exp.With(expressions=[*held, *(own.expressions if own else ())]))
    return inlined(query)


def _named_parts(tree: exp.Expr) -> list[tuple[str, exp.Query]]:
    given: exp.With | None = tree.args.get("with_")
    ctes: list[exp.CTE] = given.expressions if given else []
    return [(str(cte.alias), cte.this) for cte in ctes if isinstance(cte.this, exp.Query)]


def leaves(query: exp.Expr) -> list[exp.Expr]:
    """Return the SELECTs of a stack, from the top."""
    if isinstance(query, exp.Union):
        return [*leaves(query.this), *leaves(query.expression)]
    return [query]


def short(name: str, longest: int) -> str:
    """Return a name that an engine keeps whole: what is too long ends in a digest of all of it.

    Example:
        >>> short("a" * 20, 16)
        'aaaaaaa~5adfc3f3'
    """
    if len(name.encode()) <= longest:
        return name
    digest = blake2s(name.encode(), digest_size=DIGEST // 2).hexdigest()
    kept = name.encode()[: longest - DIGEST - 1].decode(errors="ignore")
    return f"{kept}~{digest}"


def names_in(query: exp.Expr) -> set[str]:
    """Return every name in a tree."""
    return {str(found.this) for found in query.find_all(exp.Identifier)}


def _shorten(tree: exp.Expr, longest: int) -> None:
    for found in tree.find_all(exp.Identifier):
        found.set("this", short(str(found.this), longest))


def _bottom_up(node: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    for key, value in list(node.args.items()):
        if isinstance(value, exp.Expr):
            node.set(key, _bottom_up(value, change))
        elif isinstance(value, list):
            held = cast("list[object]", value)
            node.set(key, [_bottom_up(one, change) if isinstance(one, exp.Expr) else one for one in held])
    return change(node)


def _spelled(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        word = dialect.words.get(node.name.lower()) or SHARED.get(node.name.lower())
        return node if word is None else _kept(node, word(*node.expressions))
    change = next((dialect.nodes[kind] for kind in type(node).__mro__ if kind in dialect.nodes), None)
    return node if change is None else _kept(node, change(node))


def _kept(old: exp.Expr, new: exp.Expr) -> exp.Expr:
    """Return the new tree with what the old one was introduced by."""
    if old.comments and not new.comments:
        new.comments = old.comments
    return new


def _without_filter(node: exp.Expr) -> exp.Expr:
    """Return an aggregate over the rows of a condition as an aggregate of values that are null elsewhere."""
    if not isinstance(node, exp.Filter):
        return node
    aggregate, condition = node.this, node.expression.this
    if isinstance(aggregate, exp.Anonymous):
        *first, last = aggregate.expressions
        aggregate.set("expressions", [*first, _only(last, condition)])
        return aggregate
    counted = aggregate.this
    if isinstance(counted, exp.Star):
        aggregate.set("this", _only(exp.Literal.number(1), condition))
    elif isinstance(counted, exp.Distinct):
        counted.set("expressions", [_only(one, condition) for one in counted.expressions])
    else:
        aggregate.set("this", _only(counted, condition))
    return aggregate


def _only(value: exp.Expr, condition: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value)])


def _as_json(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Return a stack of parts with columns of their own as one of two columns."""
    if not isinstance(tree, exp.Union) or not tree.args.get("by_name") or dialect.whole is None:
        return tree
    given = tree.args.get("with_")
    tree.set("with_", None)
    first, *rest = (dialect.whole(leaf) for leaf in leaves(tree) if isinstance(leaf, exp.Query))
    below: exp.Query = first
    for leaf in rest:
        below = exp.Union(this=below, expression=leaf, distinct=False)
    below.set("with_", given)
    return below


def _expanded(tree: exp.Expr) -> exp.Expr:
    """Return a tree in which `* REPLACE (…)` of a named part is the list of its columns."""
    known: dict[str, list[str]] = {}
    for title, part in _named_parts(tree):
        for found in list(part.find_all(exp.Select)):
            _expand(found, known)
        known[title] = [str(one.alias_or_name) for one in part.selects]
    for found in list(tree.find_all(exp.Select)):
        _expand(found, known)
    return tree


def _expand(query: exp.Select, known: Mapping[str, list[str]]) -> None:
    source = query.args.get("from_")
    origin = source.this.name if source is not None and isinstance(source.this, exp.Table) else ""
    columns = known.get(origin)
    if columns is None:
        return
    projections: list[exp.Expr] = []
    for one in query.expressions:
        star = one.this if isinstance(one, exp.Column) else one
        if not isinstance(star, exp.Star):
            projections.append(one)
            continue
        changes: list[exp.Expr] = star.args.get("replace") or []
        replaced = {str(change.alias_or_name): change for change in changes}
        projections += [replaced[name] if name in replaced else _column(name, origin) for name in columns]
    query.set("expressions", projections)


def _column(name: str, table: str) -> exp.Expr:
    quoted = not name.isidentifier() or not name.islower()
    return exp.Column(this=exp.to_identifier(name, quoted=quoted), table=exp.to_identifier(table))
