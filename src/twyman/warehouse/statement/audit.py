"""What each arm's units did around their exposure, in every source of facts: one statement, one pass a source.

Sources are read from two weeks before exposure to the cut-off, whole, whatever is kept of them: an audit looks at
rows, and sums that are kept don't tell them apart. Repeats are looked for in the day after each exposure: to hold
every row of every unit against all others would cost more than the look itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations_with_replacement
from math import sqrt

import numpy as np
from sqlglot import exp

from twyman.app.audited import COLUMNS, Activity, Audited
from twyman.app.ports import Question
from twyman.kernel.time import DAY
from twyman.metrics.source import Grain
from twyman.stats.moments import Moments
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import (
    alias,
    array,
    both,
    call,
    cast,
    column,
    count_rows,
    filtered,
    number,
    or_zero,
    select,
    statement,
    table,
    text,
    timestamp,
    when,
)
from twyman.warehouse.model import PART, Part, Span, stacked
from twyman.warehouse.sources.rows import as_text
from twyman.warehouse.sources.times import steps_since
from twyman.warehouse.statement.arrivals import AHEAD, LATE, arrivals
from twyman.warehouse.statement.compile import entered, sources_of
from twyman.warehouse.statement.days_together import DAYS, SOURCES, answer_of, moments_of, together, together_of
from twyman.warehouse.statement.filtered import filtered_of, in_stretches, with_rows_in
from twyman.warehouse.units.exposures import EXPOSED_AT, FIRST, Exposures
from twyman.warehouse.units.links import Links
from twyman.warehouse.values.facts import FactTable, opened_facts

BEFORE, HOUR, WEEK = 14 * DAY, timedelta(hours=1), 7 * DAY
ARMS, ACTIVITY, DELIVERED, WHOLE = "arms", "activity", "delivered", "whole_minutes"


def compiled_audit(engine: Engine, question: Question) -> exp.Query:
    """Return the statement that audits the rows behind an experiment.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    audits = list[_Audit]()

    def opening(exposures: Exposures, links: Links) -> None:
        place = question.experiment.origin.at("metrics")
        tables = [opened_facts(engine, question, exposures, name, place, links) for name in sources_of(question)]
        compared = [one for one in tables if _to_the_instant(one)][:SOURCES]
        audits.extend(_Audit(one, by_day=len(compared) > 1 and one in compared) for one in tables)
        exposures.edge(EXPOSED_AT, 2 * WEEK)

    exposures, parts = entered(engine, question, opening)
    answers: list[exp.Query] = [_arms(exposures)]
    for audit in audits:
        parts += audit.parts()
        answers.append(audit.answer())
    if compared := [audit for audit in audits if audit.by_day]:
        parts += together([audit.part for audit in compared])
        answers.append(answer_of([audit.name for audit in compared]))
    return statement(parts, stacked(answers))


def compiled_assignments(engine: Engine, question: Question) -> exp.Query | None:
    """Return the statement that counts units assigned, by arm; `None` where no assignments are named.

    Raises:
        NotFound: If the source or its table isn't there.
        Invalid: If the definition doesn't fit the data.
    """
    experiment = question.experiment
    if not experiment.assignments:
        return None
    bare = replace(experiment, source=experiment.assignments, trigger=None, exclude=(), population=None)
    _, parts = entered(engine, replace(question, experiment=bare))
    counted = select(alias(text(ARMS), PART), column("arm"), alias(count_rows(), "units"))
    return statement(parts, counted.from_(table(FIRST)).group_by(column("arm")))


def _arms(exposures: Exposures) -> exp.Select:
    """Count units, and those that have been in for two weeks at the cut-off."""
    cutoff = exposures.question.cutoff
    in_for_both = _in_for_two_weeks(exposures) if cutoff else exp.true()
    counted = alias(call("count_if", in_for_both), "matured")
    return (
        select(alias(text(ARMS), PART), column("arm"), alias(count_rows(), "units"), counted)
        .from_(table(FIRST))
        .group_by(column("arm"))
    )


def _in_for_two_weeks(exposures: Exposures) -> exp.Expr:
    cutoff = exposures.question.cutoff
    end = timestamp(cutoff.events) if cutoff else exp.null()
    return exp.LTE(this=exposures.edge(EXPOSED_AT, 2 * WEEK), expression=end)


def _to_the_instant(facts: FactTable) -> bool:
    """Whether both facts and exposures tell the instant."""
    return Grain.DAY not in (facts.grain, facts.exposures.grain)


class _Audit:
    """One source of facts, counted around exposure; by day, too, where its days are compared with other sources'."""

    def __init__(self, facts: FactTable, *, by_day: bool) -> None:
        self.facts, self.name, self.by_day = facts, facts.source.name, by_day
        declared = facts.exposures.question.experiment.delivery
        self.declared = declared if declared is not None and declared.facts == self.name else None
        self.arrivals = arrivals(facts)
        self.stretches = in_stretches(facts) if facts.exposures.source.where is not None else {}
        self.conditions = self._conditions()
        self.counted = self._counted()

    @property
    def part(self) -> str:
        """Name of the part that counts rows."""
        return f"{self.name}_counted"

    def parts(self) -> list[Part]:
        """Return the parts from rows to one row a unit."""
        return [
            (self.part, self.counted, f"Rows of {self.name} around exposure; repeats fall together."),
            (f"{self.name}_audit", self._by_unit(), "One row a unit that has any."),
        ]

    def _conditions(self) -> dict[str, exp.Expr | None]:
        """Return the condition on a row by the column that counts it."""
        facts, exposures = self.facts, self.facts.exposures
        before, after = facts.before(timedelta()), exp.Not(this=exp.paren(facts.before(timedelta())))
        in_for_both = _in_for_two_weeks(exposures) if exposures.question.cutoff else None
        first, second = facts.before(WEEK), facts.before(2 * WEEK)
        hour = (
            both(before, exp.Not(this=exp.paren(facts.before(-HOUR)))) if _to_the_instant(self.facts) else exp.false()
        )
        conditions = {
            "before": before,
            "just_before": hour,
            "after": after,
            "first_week": both(after, first, in_for_both),
            "second_week": both(exp.Not(this=exp.paren(first.copy())), second, in_for_both),
            WHOLE: both(after, facts.before(DAY), self._on_a_whole_minute()),
            **self.stretches,
        }
        conditions |= {title: both(after, condition) for title, condition in self.arrivals.items()}
        return conditions | ({DELIVERED: both(after, self._met())} if self.declared else {})

    def _on_a_whole_minute(self) -> exp.Expr:
        """Return the condition that a row's time tells no seconds, where nothing else tells rows apart."""
        if not _to_the_instant(self.facts) or any(self._other_ids()):
            return exp.false()
        time = self.facts.time.utc
        return exp.EQ(this=time.copy(), expression=call("date_trunc", text("minute"), time.copy()))

    def _met(self) -> exp.Expr | None:
        """Return the condition that a row shows that its unit met the change."""
        if self.declared is None or self.declared.where is None:
            return None
        origin = self.facts.exposures.question.experiment.origin
        return self.facts.condition(self.declared.where, origin.at("delivery.where"))

    def _counted(self) -> exp.Select:
        """Count rows a unit; those of the day after exposure by their time and measures, so that repeats show."""
        counts = [alias(filtered(count_rows(), where), title) for title, where in self.conditions.items()]
        keys = {"same": self._key()} | ({"day": self._day()} if self.by_day else {})
        held = [alias(key, title) for title, key in keys.items()]
        query = self.facts.facts(
            Span(start=-BEFORE), [column("arm", FIRST), *held, *counts, alias(count_rows(), "rows")], None
        )
        return query.group_by(column("unit", FIRST), column("arm", FIRST), *(key.copy() for key in keys.values()))

    def _day(self) -> exp.Expr:
        """Return on which day after exposure a row is, in steps of 24 hours; null for those before it and far after."""
        facts = self.facts
        after = both(exp.Not(this=exp.paren(facts.before(timedelta()))), facts.before(DAYS))
        start = facts.starts_at(Span())
        return when(after, cast(steps_since(start, facts.time.utc.copy(), DAY), "INTEGER"))

    def _key(self) -> exp.Expr:
        """Return what tells rows of the day after exposure apart, as one text; null for all other rows."""
        if not _to_the_instant(self.facts):
            return cast(exp.null(), "TEXT")
        facts = self.facts
        day_after = both(exp.Not(this=exp.paren(facts.before(timedelta()))), facts.before(DAY))
        told = [exp.cast(facts.time.utc.copy(), "TEXT")]
        told += [as_text(one.copy(), facts.rows.kind(one, None)) for one in (*facts.names.values(), *self._other_ids())]
        return when(day_after, call("json_array", *told))

    def _other_ids(self) -> Iterator[exp.Expr]:
        """Yield the ids of what else a row is of."""
        for entity, named in self.facts.source.entities.items():
            if entity != self.facts.exposures.question.experiment.entity:
                yield self.facts.rows.column(named, f"entities.{entity}")

    def _by_unit(self) -> exp.Select:
        """Return one row a unit."""
        present = exp.Not(this=exp.Is(this=column("same"), expression=exp.null()))
        sums = [alias(cast(call("sum", column(title)), "DOUBLE"), title) for title in self.conditions]
        tested = filtered(call("sum", column("rows")), present)
        apart = filtered(count_rows(), present)
        held = [
            column("unit"),
            column("arm"),
            *sums,
            alias(cast(call("sum", column("rows")), "DOUBLE"), "rows"),
            alias(or_zero(tested), "tested"),
            alias(exp.Sub(this=or_zero(tested.copy()), expression=apart), "repeated"),
        ]
        return select(*held).from_(table(self.part)).group_by(column("unit"), column("arm"))

    def answer(self) -> exp.Select:
        """Return one row an arm: moments over its units with rows, and what stands out."""
        columns = [column(title) for title in COLUMNS]
        pairs = combinations_with_replacement(columns, 2)
        logs = exp.Ln(this=column("rows"))
        named = as_text(column("unit"), self.facts.exposures.id_kind)
        told = {
            "source": text(self.name),
            "arm": column("arm"),
            "units": count_rows(),
            "active": call("count_if", exp.GT(this=column("after"), expression=number(0))),
            "means": array(call("favg", one.copy()) for one in columns),
            "covariances": array(_covariance(one, other) for one, other in pairs),
            "rows": call("sum", column("rows")),
            "several": call("count_if", exp.GT(this=column("rows"), expression=number(1))),
            "tested": call("sum", column("tested")),
            "repeated": call("sum", column("repeated")),
            "repeating": call("count_if", exp.GT(this=column("repeated"), expression=number(0))),
            WHOLE: call("sum", column(WHOLE)),
            "busiest": call("arg_max", named, column("rows")),
            "most": call("max", column("rows")),
            "log_mean": call("favg", logs),
            "log_variance": call("var_pop", logs.copy()),
        }
        told |= {title: call("count_if", _most(column(title))) for title in self.arrivals}
        told |= {title: with_rows_in(title) for title in self.stretches}
        if self.declared:
            told[DELIVERED] = call("count_if", exp.GT(this=column(DELIVERED), expression=number(0)))
        held = [alias(value, title) for title, value in told.items()]
        return select(alias(text(ACTIVITY), PART), *held).from_(table(f"{self.name}_audit")).group_by(column("arm"))


def _most(rows: exp.Expr) -> exp.Expr:
    """Return the condition that some rows are more than half of a unit's rows after exposure."""
    return exp.GT(this=exp.Mul(this=number(2), expression=rows), expression=column("after"))


def _covariance(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    if one == other:
        return call("var_pop", one.copy())
    return call("covar_pop", one.copy(), other.copy())


def audited(
    question: Question,
    rows: Sequence[Row],
    sql: tuple[str, ...],
    *,
    assigned: Sequence[Row] | None = None,
    left_out: Sequence[Row] | None = None,
) -> Audited:
    """Read the statement's answer.

    Args:
        question: What was asked.
        rows: The answer.
        sql: The statements that ran.
        assigned: Units assigned, by arm; `None` where no assignments are named.
        left_out: Units that the filter of exposures leaves out, by source of facts; `None` where there is no filter.
    """
    arms = [arm.name for arm in question.experiment.arms]
    units, matured = (
        {arms[int(row["arm"])]: int(row[title]) for row in rows if row[PART] == ARMS} for title in ("units", "matured")
    )
    declared = question.experiment.delivery
    found = {(row["source"], arms[int(row["arm"])]): row for row in rows if row[PART] == ACTIVITY}
    return Audited(
        activity=tuple(
            _activity(source, arm, units.get(arm, 0), matured.get(arm, 0), found.get((source, arm)))
            for source in sources_of(question)
            for arm in arms
        ),
        exposed={arm: units.get(arm, 0) for arm in arms},
        delivered=_delivered(arms, found, declared.facts) if declared else None,
        assigned=None if assigned is None else {arms[int(row["arm"])]: int(row["units"]) for row in assigned},
        together=together_of(arms, rows),
        filtered=() if left_out is None else filtered_of(sources_of(question), list(found.values()), left_out),
        sql=sql,
    )


def _delivered(arms: Sequence[str], found: Mapping[tuple[str, str], Row], facts: str) -> dict[str, int]:
    return {arm: int(found[facts, arm][DELIVERED] or 0) if (facts, arm) in found else 0 for arm in arms}


def _activity(source: str, arm: str, units: int, matured: int, row: Row | None) -> Activity:
    """Return an arm's activity; units without a row count with zeros."""
    if row is None:
        return Activity(
            source=source, arm=arm, units=units, matured=matured, volume=_zeros(units, 3), weeks=_zeros(matured, 2)
        )
    whole, with_rows = moments_of(row), int(row["units"])
    return Activity(
        source=source,
        arm=arm,
        units=units,
        matured=matured,
        rows=int(row["rows"]),
        volume=whole.columns(0, 1, 2) + _zeros(units - with_rows, 3),
        weeks=_of_units(whole.columns(3, 4), matured),
        active=int(row["active"]),
        tested=int(row["tested"]),
        repeated=int(row["repeated"]),
        repeating=int(row["repeating"]),
        whole_minutes=int(row[WHOLE]),
        with_rows=with_rows,
        with_several=int(row["several"]),
        busiest=str(row["busiest"]),
        most=int(row["most"]),
        log_mean=float(row["log_mean"]),
        log_spread=sqrt(max(float(row["log_variance"]), 0.0)),
        ahead=_told(row, AHEAD),
        late=_told(row, LATE),
    )


def _told(row: Row, title: str) -> int | None:
    value = row.get(title)
    return None if value is None else int(value)


def _zeros(count: int, columns: int) -> Moments:
    return Moments(count, np.zeros(columns), np.zeros((columns, columns))) if count else Moments.empty(columns)


def _of_units(moments: Moments, count: int) -> Moments:
    """Return the moments of the same sums over another number of units: those that differ have zeros only."""
    k = moments.means.size
    if not count:
        return Moments.empty(k)
    total = moments.means * moments.count
    squares = moments.products + np.outer(total, total) / moments.count
    return Moments(count, total / count, squares - np.outer(total, total) / count)
