"""One pass over a source of facts, however many parts of a statement read it.

Sums need a row a unit, chains of steps and quantiles need the facts themselves. Where several parts of a
statement read one source, its rows that can count are read once, into a part of their own, and they read that.
"""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from twyman.app.ports import Question
from twyman.warehouse.language.syntax import both, column, select, table
from twyman.warehouse.model import Part
from twyman.warehouse.values.fact_rows import floor_of
from twyman.warehouse.values.facts import FactTable


def read_once(parts: Sequence[Part], tables: Iterable[FactTable], question: Question) -> list[Part]:
    """Return the parts, with one more for each source that several of them read.

    Args:
        parts: Of the statement; those that read a source more than once are rewritten in place.
        tables: The sources of facts.
        question: Says which facts can count at all.
    """
    found: list[Part] = []
    for facts in {one.source.name: one for one in tables}.values():
        reading = {name: items for name, query, _ in parts if (items := _items(query, facts))}
        if len(reading) > 1 or any(len(items) > 1 for items in reading.values()):
            queries = [query for name, query, _ in parts if name in reading]
            found.append(_shared(facts, queries, question))
            for item in (item for items in reading.values() for item in items):
                item.replace(table(found[-1][0], facts.source.name))
    return [*found, *parts]


def _items(query: exp.Query, facts: FactTable) -> list[exp.Expr]:
    """Return where a query reads a source."""
    bare = facts.rows.item
    return [
        one
        for one in query.find_all(exp.Table, exp.Subquery)
        if one.alias == facts.source.name and exp.alias_(bare.copy(), facts.source.name, table=True) == one
    ]


def _shared(facts: FactTable, queries: Iterable[exp.Query], question: Question) -> Part:
    name, cutoff = facts.source.name, question.cutoff
    named = [one.name for query in queries for one in query.find_all(exp.Column) if one.table == name]
    since = floor_of(question)
    counting = both(
        facts.filter,
        facts.time.since(since) if since else None,
        facts.time.before(cutoff.events) if cutoff else None,
        facts.arrived.before(cutoff.arrivals) if cutoff and facts.arrived else None,
    )
    query = facts.rows.from_(select(*(column(one, name) for one in dict.fromkeys(named))))
    query = query.where(counting) if counting is not None else query
    return f"{name}_rows", query, f"Facts of {name} that can count, read once."
