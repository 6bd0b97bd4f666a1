"""Re-randomise: deal an experiment's units to arms a thousand times, and see how often its tests cry wolf.

Nothing happened in an A/A test, so a test that promises 5 % is to reject in 5 % of them. The values are the user's
own, and the test is the one that `twyman analyze` would make: adjusted, capped, of ratios or of clusters. Units are
dealt in buckets (`stats.buckets`), so one scan serves all the deals and no unit leaves the warehouse.

Source: METHODS 3.26; Kohavi, Tang and Xu (2020), chapter 19. Strata play no part: estimates are those without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twyman.app.comparison import own_columns
from twyman.app.dealt_looks import over_looks, read_at
from twyman.app.dealt_tests import Tests, aa_tests, whole
from twyman.app.information import closes
from twyman.app.mistrust import Arms, explained
from twyman.app.ports import Dealer, Dealt, Question
from twyman.app.timeline import timeline
from twyman.app.trust import OverLooks, Together, Trust, Trusted
from twyman.experiments.experiment import Entry, Experiment
from twyman.experiments.plan import Plan
from twyman.kernel.errors import Invalid
from twyman.kernel.time import Clock
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Metric, Quantile, TimeToEvent
from twyman.metrics.source import ExposureSource, UnitSource
from twyman.stats.buckets import Buckets, Truths, deals
from twyman.stats.false_alarms import FalseAlarms, false_alarms

LEAST_RUNS, MOST_RUNS = 100, 100_000
UNEQUAL = 1.02
"""How much larger the larger arm may be for skew to cancel out in a two-sided test."""
NOT_MOMENTS = "a quantile and a time to an event aren't made of moments, which is all that is dealt"
NOTHING = "no unit differs from any other, so no test could be made of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deals:
    """How often to deal, and of what.

    Attributes:
        runs: How many A/A tests: a thousand tell 5 % from 7 %.
        seed: Gives other deals.
        by: Entity whose ids are dealt, while units are analysed one by one; empty: what the experiment draws.
    """

    runs: int = 1000
    seed: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class ReRandomise:
    """Make A/A tests of an experiment's metrics."""

    dealer: Dealer
    clock: Clock

    def __call__(self, experiment: Experiment, catalogue: Catalogue, asked: Deals, *, zone: str = "UTC") -> Trusted:
        """Return how far each metric of the experiment can be trusted.

        Args:
            experiment: Whose units, metrics, shares and plan are taken.
            catalogue: Its sources and metrics.
            asked: How often to deal, and of what.
            zone: Zone of zoneless times and of days.

        Raises:
            Invalid: If no metric can be dealt, a number is out of range, or data don't fit definitions.
            NotFound: If a name isn't defined.
        """
        _check(asked)
        made_of = _made_of_moments(experiment, catalogue)
        question = Question(experiment=made_of, catalogue=catalogue, zone=zone)
        looks: Sequence[datetime] = ()
        if experiment.entry is Entry.EXPOSURES:
            extent = self.dealer.extent(question)
            line = timeline(made_of, catalogue, extent, as_of=None, clock=self.clock, zone=zone)
            question = replace(question, cutoff=line.reading)
            looks = line.schedule.cutoffs
        by_day = len(looks) > 1 and experiment.plan.spending is not None
        dealt = self.dealer.dealt(question, by=asked.by, by_day=by_day)
        others = [self.dealer.dealt(question, by=name) for name in _linked(made_of, catalogue, asked)]
        deck = _deck(made_of, asked, dealt, clustered=bool(made_of.randomised_by) and not asked.by)
        linked = [_deck(made_of, asked, one, clustered=False) for one in others if one.groups < one.units]
        metrics = [catalogue.metric(one.metric) for one in made_of.tracked]
        made = {one.name: _trust(one, deck, linked, looks if by_day else (), zone) for one in metrics}
        return Trusted(
            experiment=experiment.name,
            engine=self.dealer.engine,
            of=dealt.of,
            units=dealt.units,
            groups=dealt.groups,
            buckets=len(dealt.labels),
            runs=asked.runs,
            seed=asked.seed,
            alpha=experiment.plan.alpha,
            shares=shares(experiment),
            metrics=tuple(one for one in made.values() if one is not None),
            untested=_untested(experiment, catalogue) | {name: NOTHING for name, one in made.items() if one is None},
            sql=dealt.sql,
        )


def _check(asked: Deals) -> None:
    if not LEAST_RUNS <= asked.runs <= MOST_RUNS:
        raise Invalid(
            f"{asked.runs:,} A/A tests are too few or too many to tell a rate by: ask for {LEAST_RUNS} to {MOST_RUNS:,}"
        )
    if asked.seed < 0:
        raise Invalid(f"seed {asked.seed} is below 0, and deals are numbered from 0: give a whole number from 0 on")


def _dealable(metric: Metric) -> bool:
    return not isinstance(metric.kind, Quantile | TimeToEvent)


def _made_of_moments(experiment: Experiment, catalogue: Catalogue) -> Experiment:
    place = experiment.origin.at("metrics")
    kept = tuple(one for one in experiment.tracked if _dealable(catalogue.metric(one.metric, place=place)))
    if not kept:
        raise Invalid(f"no metric of '{experiment.name}' can be dealt: {NOT_MOMENTS}", place=place)
    return replace(experiment, tracked=kept)


def _untested(experiment: Experiment, catalogue: Catalogue) -> dict[str, str]:
    names = (one.metric for one in experiment.tracked)
    return {name: NOT_MOMENTS for name in names if not _dealable(catalogue.metric(name))}


def _linked(experiment: Experiment, catalogue: Catalogue, asked: Deals) -> list[str]:
    """Return the other entities whose ids the experiment's source holds, and what it draws."""
    if asked.by:
        return []
    source = catalogue.sources.get(experiment.source)
    held = source.entities if isinstance(source, ExposureSource | UnitSource) else None
    analysed = experiment.entity or next(iter(held or {}), "")
    drawn = [experiment.randomised_by] if experiment.randomised_by else []
    return [*dict.fromkeys([*drawn, *(name for name in held or {} if name != analysed)])]


def shares(experiment: Experiment) -> tuple[float, float]:
    """Return the shares of the first treatment and of control, as planned."""
    return experiment.treatments[0].share, experiment.control.share


@dataclass(frozen=True, slots=True)
class _Deck:
    """What was dealt, and to whom in each deal.

    Attributes:
        arms: Of each deal, the buckets of treatment and those of control.
        clustered: Whether moments are of clusters.
    """

    experiment: Experiment
    dealt: Dealt
    arms: tuple[Truths, Truths]
    clustered: bool

    @property
    def plan(self) -> Plan:
        """The experiment's."""
        return self.experiment.plan

    def tests(self, metric: Metric, buckets: Buckets) -> Tests | None:
        """Return a metric's test in every deal."""
        return aa_tests(metric, buckets, self.arms, test=self.plan.test, clustered=self.clustered)

    def alarms(self, tests: Tests) -> FalseAlarms:
        """Return how often tests reject."""
        return false_alarms(tests.p_values < self.plan.alpha, alpha=self.plan.alpha)


def _deck(experiment: Experiment, asked: Deals, dealt: Dealt, *, clustered: bool) -> _Deck:
    treatment, control = shares(experiment)
    arms = deals(dealt.labels, runs=asked.runs, seed=asked.seed, treatment=treatment, control=control)
    return _Deck(experiment, dealt, arms, clustered)


def _trust(metric: Metric, deck: _Deck, linked: Sequence[_Deck], looks: Sequence[datetime], zone: str) -> Trust | None:
    """Return what A/A tests say of a metric; `None` where nothing can be tested."""
    buckets, dealt = whole(deck.dealt.buckets[metric.name]), deck.dealt
    tests = deck.tests(metric, buckets)
    if tests is None:
        return None
    found = Trust(
        metric=metric.name,
        title=metric.title or metric.name,
        method=tests.method,
        alarms=deck.alarms(tests),
        scatter=tests.scatter,
        skew=dealt.skew[metric.name],
        units=tests.taken,
        largest=buckets.largest(own_columns(metric, clustered=deck.clustered)),
        duplicates=_duplicates(metric, dealt),
        together=tuple(one for other in linked if (one := _together(metric, other))),
        looks=_over_looks(metric, deck, looks, zone),
    )
    planned = shares(deck.experiment)
    arms = Arms(
        of=dealt.of,
        alone=dealt.groups == dealt.units,
        declared=bool(deck.experiment.randomised_by),
        dated=deck.experiment.entry is Entry.EXPOSURES,
        smaller=min(planned) * tests.taken,
        equal=max(planned) <= UNEQUAL * min(planned),
    )
    cause, reason, cure = explained(metric, found, arms)
    return replace(found, cause=cause, reason=reason, cure=cure)


def _duplicates(metric: Metric, dealt: Dealt) -> float | None:
    found = [dealt.repeats[name] for name in metric.facts if name in dealt.repeats]
    return sum(one.repeated for one in found) / sum(one.rows for one in found) if found else None


def _together(metric: Metric, deck: _Deck) -> Together | None:
    tests = deck.tests(metric, whole(deck.dealt.buckets[metric.name]))
    return tests and Together(deck.dealt.of, deck.dealt.groups, deck.alarms(tests), tests.scatter)


def _over_looks(metric: Metric, deck: _Deck, looks: Sequence[datetime], zone: str) -> OverLooks | None:
    if len(looks) < 2 or not closes(metric):
        return None
    read = read_at(metric, deck.dealt, looks, zone)
    tests = [one for buckets in read if (one := deck.tests(metric, buckets)) is not None]
    return over_looks(tests, deck.plan, share=sum(shares(deck.experiment)))
