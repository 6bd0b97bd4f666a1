"""What to believe of an effect after the data, and what shipping or keeping is expected to cost."""

import math
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.bayes.loss import log_unit_loss
from twyman.stats.bayes.prior import FLAT, NormalPrior
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.lift import relative
from twyman.stats.pair import NO_VARIATION, Pair
from twyman.stats.tails import critical_value, upper_tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """An effect's normal posterior.

    Losses are in the effect's own unit, or in shares of the baseline where the scale is relative:
    the mean of what is given up, counting the cases in which the choice was right as zero.

    Attributes:
        mean: Its centre, treatment minus control.
        sd: Its standard deviation.
        scale: "absolute" or "relative".
        improving: 1 where higher is better, -1 where lower is.
        prior: What was believed before, on the same scale.
        method: How estimate and prior came together.

    See docs/explanation/bayesian-view.md .
    """

    mean: float
    sd: float
    scale: str
    improving: int
    prior: NormalPrior
    method: str

    @property
    def chance_to_win(self) -> float:
        """Probability that the treatment is better."""
        return self.chance_beyond(0.0)

    def chance_beyond(self, margin: float) -> float:
        """Return the probability that the treatment is better by more than a margin (negative: not worse by it)."""
        return upper_tail((margin - self._gain) / self.sd)

    @property
    def loss_shipping(self) -> float:
        """Mean of what is lost by shipping, where keeping would have been right; 0 below the smallest float."""
        return self.sd * math.exp(float(log_unit_loss(self._gain / self.sd)))

    @property
    def loss_keeping(self) -> float:
        """Mean of what is lost by keeping, where shipping would have been right; 0 below the smallest float."""
        return self.sd * math.exp(float(log_unit_loss(-self._gain / self.sd)))

    @property
    def log10_losses(self) -> tuple[float, float]:
        """Decimal logarithms of both losses, shipping first: finite also where the losses are no floats."""
        u = self._gain / self.sd
        shipping, keeping = (float(log_unit_loss(side * u)) for side in (1, -1))
        return (math.log(self.sd) + shipping) / math.log(10), (math.log(self.sd) + keeping) / math.log(10)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the credible interval with `alpha` / 2 outside at either end.

        Raises:
            Invalid: If alpha is no probability.
        """
        reach = critical_value(checked_alpha(alpha) / 2) * self.sd
        return self.mean - reach, self.mean + reach

    @property
    def _gain(self) -> float:
        return self.improving * self.mean


def posterior(
    pair: Pair, prior: NormalPrior = FLAT, *, scale: str = "relative", improving: int = 1
) -> Posterior | NotEstimable:
    """Weigh a comparison against what was believed before.

    Likelihood and prior are normal and weighed by their precisions; a relative prior is brought to
    the absolute scale by the control mean's size, and back. Below some hundred units an arm the
    normal likelihood is too narrow. Peeking doesn't change what the posterior says, but how often
    it is wrong does change where the prior is wider than effects are: take it from history.

    Args:
        pair: The two means, however they came about.
        prior: What was believed of the effect.
        scale: `relative`, with the lift's delta-method error; or `absolute`.
        improving: 1 where higher is better, -1 where lower is.

    Returns:
        The posterior; or why not: the baseline is zero, or nothing varies.

    Raises:
        Invalid: If there is no such scale or direction, or a prior can't be brought to the scale.

    Example:
        >>> from twyman.stats.proportion import proportions
        >>> from twyman.stats.moments import Moments
        >>> pair = proportions(Moments.binary(1310, 50_100), Moments.binary(1203, 50_000), test="wald")
        >>> belief = posterior(pair, NormalPrior(0.05, 0.3))
        >>> f"{belief.mean:+.1%} wins {belief.chance_to_win:.1%}, shipping loses {belief.loss_shipping:.3%}"
        '+8.6% wins 97.9%, shipping loses 0.033%'

    References:
        Deng, A. (2015). Objective Bayesian two sample hypothesis testing for online controlled
        experiments. WWW 2015.
        Stucchio, C. (2015). Bayesian A/B testing at VWO. Technical report.

    See docs/explanation/bayesian-view.md .
    """
    rescaled = prior.on(scale, baseline=pair.control)
    if scale == "absolute":
        contrast = pair.contrast()
        return updated(contrast.estimate, contrast.se, rescaled, improving=improving)
    lift = relative(pair, method="delta")
    return lift if isinstance(lift, NotEstimable) else updated(lift.estimate, lift.se, rescaled, improving=improving)


def updated(estimate: float, se: float, prior: NormalPrior = FLAT, *, improving: int = 1) -> Posterior | NotEstimable:
    """Weigh any estimate with a standard error against a prior in the estimate's own unit.

    Returns:
        The posterior; or why not, where the standard error is zero.

    Raises:
        Invalid: If a number isn't finite, or there is no such direction.

    Example:
        >>> belief = updated(6.0, 1.0, NormalPrior(0.0, 1.0, "absolute"))
        >>> belief.mean, round(belief.sd, 3)
        (3.0, 0.707)

    See docs/explanation/bayesian-view.md .
    """
    if improving not in (1, -1):
        raise Invalid(f"a direction of {improving} isn't one: give 1 where higher is better, -1 where lower is")
    if not (math.isfinite(estimate) and math.isfinite(se)) or se < 0:
        raise Invalid(f"an estimate of {estimate} with standard error {se} is none: look how it was computed")
    if se == 0:
        return NotEstimable(Cause.NO_VARIATION, NO_VARIATION.text)
    weight = 1 / (1 + (se / prior.sd) ** 2)
    return Posterior(
        mean=weight * estimate + (1 - weight) * prior.mean,
        sd=se * math.sqrt(weight),
        scale=prior.scale,
        improving=improving,
        prior=prior,
        method="normal prior" if prior.proper else "flat prior",
    )
