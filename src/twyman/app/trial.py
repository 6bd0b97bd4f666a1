"""One metric in one treatment over the looks taken: the tests that its role asks for, and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from twyman.app.comparison import Comparison
from twyman.app.family import NO_ERROR_SPENT, TOO_EARLY, counted, family
from twyman.app.views import Ruling, Why
from twyman.decisions.budget import Budget, Share
from twyman.decisions.sequence import Family, Judged, Reading, judged, p_now
from twyman.decisions.verdict import State
from twyman.experiments.experiment import Role, Tracked
from twyman.experiments.plan import Plan
from twyman.metrics.metric import Metric
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import score
from twyman.stats.margins import equivalence, noninferiority
from twyman.stats.power import detectable


@dataclass(frozen=True, slots=True)
class Taken:
    """A metric in a treatment at one look.

    Attributes:
        look: The look's number.
        time: Share of the plan's information used, 0 to 1: what success and margins spend by.
        watch: The same for the watch for harm.
        comparison: The two arms' means.
    """

    look: int
    time: float
    watch: float
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One metric in one treatment, with all looks at which it could be estimated.

    Attributes:
        taken: Those looks, in order; for a metric whose windows never close, only the last.
        current: The comparison at the present look, or why there is none.
        at_end: Whether success and margins are tested at the last look only, since the plan hides effects until then.
        final: Whether the present look is the last.
        share: Planned share of all units that the two arms have together.
    """

    tracked: Tracked
    metric: Metric
    arm: str
    taken: tuple[Taken, ...]
    current: Comparison | NotEstimable
    at_end: bool = False
    final: bool = False
    share: float = 1.0

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return self.metric.direction.sign

    @property
    def decided_at(self) -> tuple[Taken, ...]:
        """The looks at which success and margins are tested; harm is watched at all that were taken."""
        if not self.at_end:
            return self.taken
        return self.taken[-1:] if self.final else ()


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the tests of a trial say.

    Attributes:
        state: By the metric's role.
        main: The test that its role asks for; `None` before its first look.
        deciding: The interval that decides.
        deteriorated: Whether the watch for harm crossed.
    """

    state: State
    view: Ruling
    main: Judged | None
    deciding: "Deciding"
    deteriorated: bool


@dataclass(frozen=True, slots=True)
class Deciding:
    """The interval that a test's bound makes.

    Attributes:
        alpha: Its nominal two-sided level; 0 where the look decides nothing.
        level: Its coverage over all looks.
        p_value: The p-value that belongs to it, against no effect; `None`: the ordinary one, as at a single look.
        why: Why the look decides nothing, where it doesn't.
    """

    alpha: float
    level: float
    p_value: float | None = None
    why: Why = NO_ERROR_SPENT


def ruled(trial: Trial, plan: Plan, budget: Budget) -> Ruled:
    """Run the tests of a trial's role, over its looks."""
    match trial.tracked.role:
        case Role.SUCCESS:
            return _success(trial, plan, budget)
        case Role.GUARDRAIL if trial.tracked.margin is not None:
            return _margin(trial, plan, budget, trial.tracked.margin)
        case Role.GUARDRAIL:
            return _watched(trial, plan, budget)
        case Role.MUST_NOT_MOVE:
            return _unmoved(trial, plan, budget)
        case Role.INFORMATION:
            return _described(trial, plan)


@dataclass(frozen=True, slots=True)
class _Ask:
    """What a test asks: with which share of the error, on how many sides, against which value."""

    share: Share
    sides: int
    null: float = 0.0
    watches: bool = False

    @property
    def level(self) -> float:
        """Two-sided coverage of the interval that decides with this test."""
        return 1 - (self.share.alpha if self.sides == 2 else 2 * self.share.alpha)


def _success(trial: Trial, plan: Plan, budget: Budget) -> Ruled:
    ask = _Ask(budget.success, sides=2)
    due = replace(trial, taken=trial.decided_at)
    test, harm = _test(due, plan, ask), _harm(trial, plan, budget)
    state = State.INCONCLUSIVE
    if test and test.crossed_at is not None:
        state = State.SUPERIOR if test.positive else State.INFERIOR
    return _ruled(due, plan, budget, state, ask, (test, harm))


def _margin(trial: Trial, plan: Plan, budget: Budget, margin: float) -> Ruled:
    ask = _Ask(budget.guardrail, sides=1, null=-trial.sign * margin)
    due, harm = replace(trial, taken=trial.decided_at), _harm(trial, plan, budget)
    scores = [noninferiority(taken.comparison.pair, margin=margin, improving=trial.sign) for taken in due.taken]
    test = _test(due, plan, ask, scores)
    state = State.NON_INFERIOR if test and test.crossed_at is not None else State.INCONCLUSIVE
    return _ruled(due, plan, budget, state, ask, (test, harm))


def _watched(trial: Trial, plan: Plan, budget: Budget) -> Ruled:
    """Watch a guardrail without a margin: it can only be seen to deteriorate."""
    harm = _harm(trial, plan, budget)
    return _ruled(trial, plan, budget, State.INCONCLUSIVE, _Ask(budget.harm, sides=1, watches=True), (harm, harm))


def _unmoved(trial: Trial, plan: Plan, budget: Budget) -> Ruled:
    ask = _Ask(budget.unmoved, sides=2, watches=True)
    test = _test(trial, plan, ask)
    state = State.INCONCLUSIVE
    if _within(trial, plan, budget.guardrail):
        state = State.UNMOVED
    elif test and test.crossed_at is not None:
        state = State.CHANGED
    return _ruled(trial, plan, budget, state, ask, (test, None))


def _described(trial: Trial, plan: Plan) -> Ruled:
    ask = _Ask(Share(plan.alpha, 1), sides=2)
    test = _test(trial, plan, ask)
    view = _view(trial, State.DESCRIBED, ask, test, _smallest(trial, plan, ask, test, 1 - plan.power))
    return Ruled(State.DESCRIBED, view, test, _deciding(trial, plan, ask, test), deteriorated=False)


def _harm(trial: Trial, plan: Plan, budget: Budget) -> Judged | None:
    """Test one-sidedly whether the metric got worse; a positive score speaks for harm."""
    scores = [-trial.sign * score(taken.comparison.pair) for taken in trial.taken]
    return _test(trial, plan, _Ask(budget.harm, sides=1, watches=True), scores)


def _within(trial: Trial, plan: Plan, share: Share) -> bool:
    """Whether the present look shows the metric to lie within its margin, by two one-sided tests."""
    within = trial.tracked.within
    if within is None or not trial.taken or isinstance(trial.current, NotEstimable):
        return False
    scores = [min(equivalence(taken.comparison.pair, within=within)) for taken in trial.taken]
    test = _test(trial, plan, _Ask(share, sides=1, watches=True), scores)
    return test is not None and test.bound < inf and scores[-1] >= test.bound


def _test(trial: Trial, plan: Plan, ask: _Ask, scores: Sequence[float] | None = None) -> Judged | None:
    """Judge one test over the trial's looks; without scores, whether the metric improved."""
    if scores is None:
        scores = [trial.sign * score(taken.comparison.pair) for taken in trial.taken]
    readings = _readings(trial, ask, scores)
    return judged(readings, alpha=ask.share.alpha, family=_family(trial, plan, ask), sides=ask.sides)


def _family(trial: Trial, plan: Plan, ask: _Ask) -> Family:
    return family(plan, share=trial.share, alpha=ask.share.alpha, sides=ask.sides)


def _readings(trial: Trial, ask: _Ask, scores: Sequence[float]) -> list[Reading]:
    made = list[Reading]()
    for taken, value in zip(trial.taken, scores, strict=True):
        pair = taken.comparison.pair
        weight = 1 + ask.null * (-1 if pair.control < 0 else 1)
        time = taken.watch if ask.watches else taken.time
        units = counted(taken.comparison, trial.metric)
        made.append(Reading(taken.look, pair.contrast(weight).se ** -2, time, value, units))
    return made


def _deciding(trial: Trial, plan: Plan, ask: _Ask, test: Judged | None) -> Deciding:
    """Return the interval that a test's bound makes at the present look."""
    if test is None or test.bound == inf:
        return Deciding(0.0, ask.level, why=TOO_EARLY if test and plan.always_valid else NO_ERROR_SPENT)
    if len(trial.taken) == 1 and trial.taken[0].time >= 1 and not plan.always_valid:
        return Deciding(test.nominal, ask.level)
    now = score(trial.taken[-1].comparison.pair)
    readings = _readings(trial, ask, [0.0] * len(trial.taken))
    p_value = p_now(readings, now, family=_family(trial, plan, ask), sides=ask.sides)
    return Deciding(test.nominal, ask.level, p_value)


def _ruled(
    trial: Trial, plan: Plan, budget: Budget, state: State, ask: _Ask, tests: tuple[Judged | None, Judged | None]
) -> Ruled:
    """Put a test and the watch for harm beside it together; harm names the state where it was seen."""
    test, harm = tests
    deteriorated, watch = harm is not None and harm.crossed_at is not None, None
    if harm is not None and harm is not test:
        seen = State.DETERIORATED if deteriorated else State.INCONCLUSIVE
        watching = _Ask(budget.harm, sides=1, watches=True)
        watch = _view(trial, seen, watching, harm, _smallest(trial, plan, watching, harm, budget.beta))
    state = State.DETERIORATED if deteriorated else state
    view = _view(trial, state, ask, test, _smallest(trial, plan, ask, test, budget.beta), watch)
    return Ruled(state, view, test, _deciding(trial, plan, ask, test), deteriorated=deteriorated)


def _view(
    trial: Trial, state: State, ask: _Ask, test: Judged | None, smallest: float | None, watch: Ruling | None = None
) -> Ruling:
    limit = "upper" if ask.watches == (trial.sign > 0) else "lower"
    return Ruling(
        null=ask.null,
        side="two" if ask.sides == 2 else limit,
        alpha=ask.share.alpha,
        alpha_spent=test.spent if test else 0.0,
        bound=test.bound if test and test.bound < inf else None,
        p_value=test.p_value if test else None,
        p_adjusted=min(1.0, test.p_value * ask.share.tests) if test else None,
        state=state.value,
        crossed_at=test.crossed_at if test else None,
        deterioration=watch,
        within=trial.tracked.within,
        smallest_effect=smallest,
    )


def _smallest(trial: Trial, plan: Plan, ask: _Ask, test: Judged | None, beta: float) -> float | None:
    """Return the relative effect that this much data would have shown with the planned power.

    By the error of the whole test where it is spent towards an end; by the present bound where that holds at any look.
    """
    alpha = ask.share.alpha
    if plan.always_valid:
        alpha = test.nominal * ask.sides / 2 if test else 0.0
    if isinstance(trial.current, NotEstimable) or not trial.current.pair.control or not alpha:
        return None
    pair = trial.current.pair
    seen = detectable(pair.contrast(1.0).se, alpha=alpha, power=1 - beta, sides=ask.sides)
    return seen / abs(pair.control)


def powered(trial: Trial, rule: Ruled) -> bool:
    """Whether the smallest effect of interest would have been seen by now, in a test that was made."""
    smallest, wanted = rule.view.smallest_effect, trial.tracked.mde
    return bool(trial.decided_at) and wanted is not None and smallest is not None and smallest <= wanted
