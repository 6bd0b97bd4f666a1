"""How rows become units: in which arm each is, who met two, and how many rows were left out, by arm.

A row counts if the source's filter keeps it and, where times play a part, if it lies inside the
enrolment and before the cut-off.
"""

from dataclasses import dataclass

from sqlglot import exp

from twyman.experiments.experiment import Experiment
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    cast,
    column,
    count_rows,
    filtered,
    number,
    select,
    table,
    text,
    when,
)
from twyman.warehouse.model import ENTRANTS, PART, UNITS

MET = "units_met"
"""One row a unit: what it met."""


def arm_number(arm: exp.Expr, experiment: Experiment) -> exp.Expr:
    """Return an arm's place in the experiment's list, counted from 0; null for no arm of it."""
    ifs = [
        exp.If(this=text(value.value or value.name), true=number(index)) for index, value in enumerate(experiment.arms)
    ]
    return exp.Case(this=arm.copy(), ifs=ifs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """How rows of a source become units.

    Attributes:
        arms: How many the experiment has.
        kept: Whether rows have a column that says if the source's filter keeps them.
        inside: Whether rows have a column that says if they lie inside enrolment and cut-off.
        together: Whether a unit has crossed where somebody drawn with it has.
    """

    arms: int
    kept: bool = False
    inside: bool = False
    together: bool = False

    @property
    def counts(self) -> exp.Expr | None:
        """The condition that a row of an arm counts."""
        return both(column("kept") if self.kept else None, column("inside") if self.inside else None)

    @property
    def enters(self) -> exp.Expr | None:
        """The condition that a row is of an arm, and counts."""
        return both(exp.Not(this=exp.Is(this=column("arm"), expression=exp.null())), self.counts)

    def first_arm(self, moment: exp.Expr) -> exp.Expr:
        """Return the arm of a unit's earliest row that enters; of several at that time, the first of the list.

        A row's time and arm are packed into one number, whose minimum costs an engine half of what the arm at the
        minimum of a time costs it.
        """
        stamp = call("epoch_us", moment.copy())
        packed = exp.Add(this=exp.Mul(this=stamp, expression=number(self.arms)), expression=column("arm"))
        first = exp.Mul(this=call("epoch_us", self.entered(call("min", moment))), expression=number(self.arms))
        return cast(exp.Sub(this=call("min", when(self.enters, packed)), expression=first), "INT")

    def entered(self, aggregate: exp.Expr) -> exp.Expr:
        """Return an aggregate over the rows that enter."""
        return filtered(aggregate, self.enters)

    def met(self, rows: str, *projections: exp.Expr) -> exp.Select:
        """Return one row a unit; the projections are aggregates over its rows that enter."""
        arm = column("arm")
        query = select(
            column("unit"),
            *projections,
            alias(_arms_differ(self.counts), "crossed"),
            alias(filtered(exp.Count(this=arm.copy()), self.counts), "entries"),
        )
        if self.arms > 2 or self.together:
            distinct = exp.Count(this=exp.Distinct(expressions=[arm.copy()]))
            query = query.select(alias(filtered(distinct, self.counts), "arms"))
        if self.kept:
            inside = column("inside") if self.inside else None
            query = query.select(alias(_arms_differ(inside), "in_two_arms"))
        present = exp.Not(this=exp.Is(this=column("unit"), expression=exp.null()))
        return query.from_(table(rows)).where(present).group_by(column("unit"))

    def rows_by_arm(self, rows: str) -> exp.Query:
        """Return the part of the answer that counts rows by arm."""
        kept = column("kept") if self.kept else None
        outside = exp.Not(this=column("inside")) if self.inside else exp.false()
        return (
            select(
                alias(text(ENTRANTS), PART),
                column("arm_value"),
                column("arm"),
                alias(count_rows(), "rows"),
                alias(filtered(count_rows(), kept), "kept"),
                alias(exp.Sub(this=count_rows(), expression=exp.Count(this=column("unit"))), "without_unit"),
                alias(filtered(count_rows(), both(kept, outside)), "outside"),
            )
            .from_(table(rows))
            .group_by(column("arm_value"), column("arm"))
        )

    def units_by_arm(self) -> exp.Query:
        """Return the part of the answer that counts units by what they met."""
        counted = self.arms > 2 or self.together
        arms = column("arms") if counted else when(column("crossed"), number(2), number(1))
        own = exp.GT(this=column("arms"), expression=number(1)) if self.together else column("crossed")
        in_two = column("in_two_arms") if self.kept else own
        beyond = filtered(
            call("sum", exp.Sub(this=column("entries"), expression=arms)),
            exp.GT(this=column("entries"), expression=number(0)),
        )
        return (
            select(
                alias(text(UNITS), PART),
                column("arm"),
                column("crossed"),
                alias(count_rows(), "units"),
                alias(call("count_if", in_two), "in_two_arms"),
                alias(beyond, "repeated"),
            )
            .from_(table(MET))
            .group_by(column("arm"), column("crossed"))
        )


def _arms_differ(condition: exp.Expr | None) -> exp.Expr:
    low, high = (filtered(call(function, column("arm")), condition) for function in ("min", "max"))
    return exp.NEQ(this=low, expression=high)
