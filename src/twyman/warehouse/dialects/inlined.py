"""A statement in which what a WITH names stands where it is named.

Some engines know a part that they keep in memory by what it was computed from, and number the names of a WITH through
the whole statement: within another statement they don't know it again.
"""

from collections.abc import Mapping

from sqlglot import exp

_MODIFIERS = "joins", "laterals", "pivots", "sample"


def inlined(query: exp.Expr) -> exp.Expr:
    """Return a statement without a WITH, in its own tree; one that names itself stays.

    Example:
        >>> from sqlglot import parse_one
        >>> inlined(parse_one("WITH a AS (SELECT 1 AS n), b AS (SELECT n FROM a) SELECT * FROM b AS c, d")).sql()
        'SELECT * FROM (SELECT n FROM (SELECT 1 AS n) AS a) AS c, d'
    """
    for found in reversed(list(query.find_all(exp.With))):  # the innermost first: a name means the nearest
        holder = found.parent
        if holder is None or found.recursive:
            continue
        holder.set("with_", None)
        parts: dict[str, exp.CTE] = {}
        for part in found.expressions:
            _place(part, parts)
            parts[str(part.alias).lower()] = part
        _place(holder, parts)
    return query


def _place(tree: exp.Expr, parts: Mapping[str, exp.CTE]) -> None:
    for table in list(tree.find_all(exp.Table)):
        part = parts.get(str(table.name).lower())
        if part is not None and isinstance(table.this, exp.Identifier) and not table.db:
            table.replace(_as_named(part, table))


def _as_named(part: exp.CTE, table: exp.Table) -> exp.Subquery:
    called = table.args.get("alias")
    name = called.this if called is not None else part.args["alias"].this
    columns = (called.args.get("columns") if called is not None else None) or part.args["alias"].args.get("columns")
    alias = exp.TableAlias(this=name.copy(), columns=[one.copy() for one in columns or ()])
    kept = {key: value for key in _MODIFIERS if (value := table.args.get(key))}
    return exp.Subquery(this=part.this.copy(), alias=alias, **kept)
