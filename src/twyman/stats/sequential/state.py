"""A test as it runs: its plan, and the looks taken under it, to which one can only be added.

What was shown at a look stays: its bound isn't laid again when later data change what is known, a
look asked for twice is the same look, and a bound once crossed stays crossed, whatever the score
does afterwards. Both are kept: where it crossed, and where it stands.
"""

import math
from dataclasses import dataclass, replace

from twyman.kernel.errors import Conflict, Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.sequential.bounds import next_bound
from twyman.stats.sequential.looks import CLOSEST, FAINTEST
from twyman.stats.sequential.plan import SequentialPlan
from twyman.stats.sequential.repeated import repeated_p_now
from twyman.stats.sequential.stagewise import Stagewise, stagewise
from twyman.stats.tails import critical_value, normal_score, upper_tail

GROWN = 1 + 2 * CLOSEST
"""By how much a final look's information is taken to have grown where it hasn't: it must spend what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialLook:
    """One look at a test, as it was shown.

    Attributes:
        cutoff: Key of the data it saw.
        estimate, se, df: What was estimated from them; no `df` is a normal estimate.
        time: Share of the plan's information by which error was spent.
        information: 1 / se².
        score: Normal deviate of the estimate against the plan's null.
        bound: Critical value; infinite where the look spent nothing.
        spent: Error spent so far, both sides together.
        lower, upper: Repeated interval of the estimate; infinite where the look spent nothing.
        p_value: Repeated p-value, of this look.
        crossed: Whether this look's score reached this look's bound.
        final: Whether it was declared the last.

    See docs/explanation/group-sequential.md
    """

    cutoff: str
    estimate: float
    se: float
    df: float | None
    time: float
    information: float
    score: float
    bound: float
    spent: float
    lower: float
    upper: float
    p_value: float
    crossed: bool
    final: bool


@dataclass(frozen=True, slots=True)
class SequentialState:
    """A plan and its looks so far.

    Attributes:
        plan: What was fixed before the first look.
        looks: In the order in which they were taken.

    Example:
        >>> from twyman.stats.sequential.spending import PowerSpending
        >>> state = SequentialState(SequentialPlan(spending=PowerSpending(2), alpha=0.05, planned=100.0))
        >>> state = state.look("monday", estimate=0.31, se=0.2)
        >>> state = state.look("friday", estimate=0.29, se=0.11)
        >>> for look in state.looks:
        ...     print(look.cutoff, f"{look.lower:+.2f} {look.upper:+.2f}", look.crossed)
        monday -0.28 +0.90 False
        friday +0.05 +0.53 True
        >>> state.look("monday", estimate=0.31, se=0.2) is state
        True

    References:
        Lan, K. K. G. and DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials.
        Biometrika 70.

    See docs/explanation/group-sequential.md
    """

    plan: SequentialPlan
    looks: tuple[SequentialLook, ...] = ()

    @property
    def crossed(self) -> SequentialLook | None:
        """The first look that crossed, which ended the test; `None` where none has."""
        return next((look for look in self.looks if look.crossed), None)

    @property
    def ended(self) -> SequentialLook | None:
        """The look that ended the test: the first to cross, or the one declared final; `None` while it runs."""
        return self.crossed or next((look for look in self.looks if look.final), None)

    def under(self, plan: SequentialPlan) -> "SequentialState":
        """Return the state under a plan, which may be another one only before the first look.

        Raises:
            Conflict: If looks were taken, and under another plan.
        """
        if self.looks and plan.digest != self.plan.digest:
            raise Conflict(
                f"the plan has changed since its first look ('{self.looks[0].cutoff}'), and looks spend error by the "
                "plan they were taken under: restore it, or begin anew with data that nobody has looked at"
            )
        return replace(self, plan=plan)

    def look(
        self,
        cutoff: str,
        *,
        estimate: float,
        se: float,
        df: float | None = None,
        time: float | None = None,
        final: bool = False,
    ) -> "SequentialState":
        """Return the state with one look more, or the same where this look was taken before.

        A look whose information hasn't grown spends nothing, unless it is final. Information beyond the
        plan's spends no more than all; less than the plan's spends the rest only at a look declared final,
        which must not be for what it shows.

        Args:
            cutoff: Key of the data that are seen.
            estimate: What they say, in the plan's units.
            se: Its standard error.
            df: Its degrees of freedom; `None` for a normal estimate.
            time: Share of the plan by which to spend, such as the calendar's; `None` for information's.
            final: Whether this is the last look, which spends what is left.

        Raises:
            Invalid: If estimate, standard error or time can't be.
            Conflict: If the cut-off was seen with other numbers, or the last look has been taken.
        """
        asked = _Asked.of(self.plan, estimate=estimate, se=se, df=df, time=time, final=final)
        for past in self.looks:
            if past.cutoff == cutoff:
                if asked != _Asked(past.estimate, past.se, past.df, past.time, past.final):
                    raise Conflict(
                        f"look '{cutoff}' was taken with other numbers, and what was shown stays: "
                        "give data that came later a cut-off of their own"
                    )
                return self
        if self.looks and self.looks[-1].final:
            raise Conflict(
                f"look '{self.looks[-1].cutoff}' was declared the last and spent what was left, so '{cutoff}' can't "
                "follow: report the state as it is"
            )
        return replace(self, looks=(*self.looks, self._taken(cutoff, asked)))

    def after_stopping(self) -> Stagewise | NotEstimable:
        """Return the inference that holds once the test has ended, at the look that ended it.

        It is on the scale of the estimate, and ignores looks taken after that one.
        """
        if self.ended is None:
            return NotEstimable(
                Cause.STILL_RUNNING,
                "the test hasn't stopped: no look has crossed its bound or was declared final; "
                "read the latest look's repeated interval, which holds at any time",
            )
        looks = self.looks[: self.looks.index(self.ended) + 1]
        found = stagewise(
            self.ended.score,
            _counted(looks),
            [look.bound for look in looks],
            alpha=self.plan.alpha,
            sides=self.plan.sides,
        )
        null = self.plan.null
        return replace(found, estimate=found.estimate + null, lower=found.lower + null, upper=found.upper + null)

    def _taken(self, cutoff: str, asked: "_Asked") -> SequentialLook:
        plan = self.plan
        statistic = (asked.estimate - plan.null) / asked.se
        score = normal_score(statistic, asked.df)
        bound, spent = self._spending(asked)
        reach = asked.se * (critical_value(upper_tail(bound), asked.df) if asked.df and bound < math.inf else bound)
        look = SequentialLook(
            cutoff=cutoff,
            estimate=asked.estimate,
            se=asked.se,
            df=asked.df,
            time=asked.time,
            information=asked.information,
            score=score,
            bound=bound,
            spent=spent,
            lower=asked.estimate - reach,
            upper=asked.estimate + reach,
            p_value=1.0,
            crossed=(abs(score) if plan.sides == 2 else score) >= bound,
            final=asked.final,
        )
        looks = (*self.looks, look)
        times = [each.time for each in looks]
        p_value = repeated_p_now(score, _counted(looks), times, spending=plan.spending, sides=plan.sides)
        return replace(look, p_value=p_value)

    def _spending(self, asked: "_Asked") -> tuple[float, float]:
        """Return the bound of a new look and the error spent with it; past looks are taken as they were shown."""
        plan, past = self.plan, [look for look in self.looks if look.bound < math.inf]
        used = self.looks[-1].spent / plan.sides if self.looks else 0.0
        target = plan.spending.spent(asked.time, plan.alpha / plan.sides)
        known = max((look.information for look in past), default=0.0)
        amount = max(asked.information, known * GROWN) if asked.final else asked.information
        if not (amount > known * (1 + CLOSEST) and target - used > FAINTEST):
            return math.inf, plan.sides * used
        bound = next_bound(
            [look.information for look in past],
            [look.bound for look in past],
            information=amount,
            increment=target - used,
            sides=plan.sides,
        )
        return bound, plan.sides * target


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a look was given, with its time settled."""

    estimate: float
    se: float
    df: float | None
    time: float
    final: bool

    @classmethod
    def of(
        cls, plan: SequentialPlan, *, estimate: float, se: float, df: float | None, time: float | None, final: bool
    ) -> "_Asked":
        if not (math.isfinite(estimate) and 0 < se < math.inf):
            raise Invalid(
                f"estimate {estimate} with standard error {se} is no look: leave out looks that can't be estimated"
            )
        if time is not None and not 0 <= time < math.inf:
            raise Invalid(f"time {time} is no share of a plan: give a number from 0, 1 being all of it")
        share = 1 / (se * se) / plan.planned if time is None else time
        settled = 1.0 if final else min(float(share), 1.0)
        return cls(float(estimate), float(se), None if df is None else float(df), settled, final)

    @property
    def information(self) -> float:
        return 1 / (self.se * self.se)


def _counted(looks: tuple[SequentialLook, ...]) -> list[float]:
    """Return each look's information; that of a final look which brought none counts as the least that can be told."""
    amounts = [look.information for look in looks]
    if looks[-1].final:
        known = max((look.information for look in looks[:-1] if look.bound < math.inf), default=0.0)
        amounts[-1] = max(amounts[-1], known * GROWN)
    return amounts
