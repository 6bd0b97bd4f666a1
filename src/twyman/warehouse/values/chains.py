"""Units that come through several steps in their order: a chain of facts, each later than the one before.

A step is reached by a fact if some fact that reached the step before it is earlier, and no further
back than the step's `within`. The latest such fact decides, so every chain is tried and not only that
of first facts: one window function a step. Facts of one instant are put together before, since
nothing says which of them came first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlglot import exp

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.metrics.metric import ChainValue, Metric, Step
from twyman.metrics.source import Grain
from twyman.warehouse.language.syntax import alias, both, call, column, later, number, select, table, when
from twyman.warehouse.model import Part, Span
from twyman.warehouse.values.facts import FactTable, Tables


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps that units are to come through in a span of time, and which of the metric's `where` each has."""

    label: str
    steps: tuple[Step, ...]
    span: Span
    places: tuple[Place | None, ...]

    @property
    def part(self) -> str:
        """Name of the part of the statement that says which steps a unit reached."""
        return f"{self.label} chain"

    def covers(self, steps: Sequence[Step], span: Span) -> bool:
        """Whether the chain tells of these steps, too."""
        return self.span == span and self.steps[: len(steps)] == tuple(steps)


@dataclass(slots=True)
class Chains:
    """All chains that the experiment's metrics want."""

    tables: Tables
    wanted: list[Chain] = field(default_factory=list[Chain])

    def reached(self, metric: Metric, value: ChainValue, span: Span, label: str) -> exp.Expr:
        """Return the condition that a unit came through all steps of a chain.

        Raises:
            Invalid: If a step's facts are known to the day only.
        """
        chain = next((one for one in self.wanted if one.covers(value.steps, span)), None)
        if chain is None:
            places = tuple(metric.origin.at(f"steps.{place}.where") for place, _ in enumerate(value.steps))
            chain = Chain(label, value.steps, span, places)
            self._refuse_days(metric, value)
            self.wanted.append(chain)
        times = column(_reach(len(value.steps)), chain.part)
        return exp.Not(this=exp.Is(this=times, expression=exp.null()))

    def some(self, metric: Metric, value: ChainValue, span: Span, label: str) -> exp.Expr:
        """Return the condition that a unit has any fact of the sources of its steps."""
        names = dict.fromkeys(step.facts for step in value.steps)
        return exp.or_(*(self._table(metric, name).some(f"{label} any", span) for name in names))

    def parts(self) -> list[Part]:
        """Return the parts of the statement that follow units through their steps."""
        return [part for chain in self.wanted for part in self._parts(chain)]

    def _table(self, metric: Metric, name: str) -> FactTable:
        return self.tables(name, metric.origin.at("facts"))

    def _refuse_days(self, metric: Metric, value: ChainValue) -> None:
        for place, step in enumerate(value.steps):
            if self._table(metric, step.facts).grain is Grain.DAY:
                raise Invalid(
                    f"step '{step.name}' of '{metric.name}' takes facts of '{step.facts}', which know their day and no "
                    "time of day, so nothing says which came first: use a source with times, or proportions",
                    place=metric.origin.at(f"steps.{place}"),
                )

    def _parts(self, chain: Chain) -> Iterable[Part]:
        sources = dict.fromkeys(step.facts for step in chain.steps)
        facts = [self._facts(chain, name) for name in sources]
        below: exp.Query = facts[0]
        for one in facts[1:]:
            below = exp.Union(this=below, expression=one, distinct=False)
        yield f"{chain.label} facts", below, f"Facts of the steps of {chain.label}."
        met = f"{chain.label} met"
        yield met, _instants(chain), "Which steps each instant of a unit holds a fact of."
        for place, step in enumerate(chain.steps):
            if place:
                name = f"{chain.label} {step.name}"
                yield name, _next(met, place, step), f"Who reached {step.name}, and when."
                met = name
        reached = [
            alias(call("min", column(_reach(place + 1))), _reach(place + 1)) for place, _ in enumerate(chain.steps)
        ]
        last = select(column("unit"), *reached).from_(table(met)).group_by(column("unit"))
        yield chain.part, last, "When a unit first reached each step; null if it never did."

    def _facts(self, chain: Chain, name: str) -> exp.Select:
        source = self.tables(name, None)
        flags, some = list[exp.Expr](), list[exp.Expr | None]()
        for place, step in enumerate(chain.steps):
            if step.facts != name:
                flags.append(alias(number(0), _step(place)))
                continue
            holds = self._holds(source, chain, place)
            some.append(holds)
            flags.append(alias(number(1) if holds is None else when(holds, number(1), number(0)), _step(place)))
        given = [one for one in some if one is not None]
        wanted = exp.or_(*given) if len(given) == len(some) else None
        return source.facts(chain.span, [alias(source.time.utc.copy(), "at"), *flags], wanted)

    def _holds(self, source: FactTable, chain: Chain, place: int) -> exp.Expr | None:
        step = chain.steps[place]
        holds = source.condition(step.where, chain.places[place]) if step.where else None
        if place or step.within is None or chain.span.start < timedelta():
            return holds
        return both(holds, source.before(chain.span.start + step.within))


def _instants(chain: Chain) -> exp.Select:
    """Return one row a unit and instant: which steps have a fact then, and whether the first is reached."""
    held = [alias(call("max", column(_step(place))), _step(place)) for place, _ in enumerate(chain.steps)]
    first = when(exp.EQ(this=call("max", column(_step(0))), expression=number(1)), column("at"))
    query = select(column("unit"), column("at"), *held, alias(first, _reach(1))).from_(table(f"{chain.label} facts"))
    return query.group_by(column("unit"), column("at"))


def _next(met: str, place: int, step: Step) -> exp.Select:
    """Add when a step is reached: at its own fact, if what last reached the step before is near enough."""
    before = exp.Window(
        this=call("max", column(_reach(place))),
        partition_by=[column("unit")],
        order=exp.Order(expressions=[exp.Ordered(this=column("at"))]),
        spec=exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=number(1), end_side="PRECEDING"
        ),
    )
    near = exp.Not(this=exp.Is(this=before, expression=exp.null()))
    if step.within is not None:
        near = exp.LT(this=column("at"), expression=later(before, step.within))
    held = exp.EQ(this=column(_step(place)), expression=number(1))
    return select(exp.Star(), alias(when(exp.and_(held, near), column("at")), _reach(place + 1))).from_(table(met))


def _step(place: int) -> str:
    return f"step {place + 1}"


def _reach(steps: int) -> str:
    return f"reached {steps}"
