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
from twyman.warehouse.values.seen import Seen


def read_once(
    parts: Sequence[Part], tables: Iterable[FactTable], question: Question, answers: Sequence[exp.Query] = ()
) -> list[Part]:
    """Return the parts, with one more for each source that several of them read.

    Args:
        parts: Of the statement; those that read a source more than once are rewritten in place.
        tables: The sources of facts.
        question: Says which facts can count at all.
        answers: What is asked of the parts. One that reads a source itself, to say when facts ran, reads what the
            parts share where that costs no more; it alone is no reason to share, for to write all rows down and read
            them twice takes longer than to read a table twice.
    """
    found: list[Part] = []
    for facts in {one.source.name: one for one in tables}.values():
        queries = [query for _, query, _ in parts if _items(query, facts)]
        if len(queries) > 1 or any(len(_items(query, facts)) > 1 for query in queries):
            also = [query for query in answers if _items(query, facts)] if Seen(facts).in_shared else []
            found.append(_shared(facts, [*queries, *also], question, cut=not also))
            for item in [item for query in (*queries, *also) for item in _items(query, facts)]:
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


def _shared(facts: FactTable, queries: Iterable[exp.Query], question: Question, *, cut: bool) -> Part:
    name, since, cutoff = facts.source.name, floor_of(question), question.cutoff
    named = [one.name for query in queries for one in query.find_all(exp.Column) if one.table == name]
    if since and cutoff and not cut:  # what lies beyond the cut-off is counted, too
        since, cutoff = min(since, cutoff.events), None
    counting = both(
        facts.filter,
        facts.time.since(since) if since else None,
        facts.time.before(cutoff.events) if cutoff else None,
        facts.arrived.before(cutoff.arrivals) if cutoff and facts.arrived else None,
    )
    query = facts.rows.from_(select(*(column(one, name) for one in dict.fromkeys(named))))
    query = query.where(counting) if counting is not None else query
    return f"{name}_rows", query, f"Facts of {name} that can count, read once."
