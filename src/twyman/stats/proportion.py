"""Proportions: means of zeros and ones, with the conventions that are their own.

For intervals and tests on small counts (Newcombe, Wilson, score …) see `counts`.
"""

from collections.abc import Mapping

from twyman.kernel.errors import Invalid
from twyman.stats.difference import Variances, chosen, welch
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import NO_VARIATION, Pair, too_few


def proportions(treatment: Moments, control: Moments, *, test: str = "welch") -> Pair | NotEstimable:
    """Compare two proportions.

    Args:
        treatment: Moments of the treated units' zeros and ones, as `Moments.binary` makes them.
        control: The same of control.
        test: `welch`: sample variances (n - 1), t; `wald`: p (1 - p) / n, normal; `score`: both
            arms by their common proportion, normal. The common proportion is used for the interval
            too, so that it agrees with the test.

    Returns:
        The two proportions and their variances; or why not.

    Raises:
        Invalid: If there is no such test, or a column isn't made of zeros and ones.

    Example:
        >>> pair = proportions(Moments.binary(250, 1000), Moments.binary(200, 1000), test="score")
        >>> f"{pair.contrast().statistic:.3f}"
        '2.677'

    See docs/explanation/proportions.md
    """
    variances = chosen(test, VARIANCES)
    for arm in (treatment, control):
        _check_binary(arm)
    refusal = too_few(treatment.count, control.count)
    if refusal:
        return refusal
    if not (treatment.varies() or control.varies()) and (test != "score" or treatment.means[0] == control.means[0]):
        return NO_VARIATION
    v_t, v_c, df = variances(treatment, control)
    return Pair(
        treatment=float(treatment.means[0]),
        control=float(control.means[0]),
        treatment_variance=v_t,
        control_variance=v_c,
        df=df,
        treatment_units=treatment.count,
        control_units=control.count,
        method="proportion",
    )


def _wald(treatment: Moments, control: Moments) -> tuple[float, float, float | None]:
    return _spread(treatment) / treatment.count, _spread(control) / control.count, None


def _score(treatment: Moments, control: Moments) -> tuple[float, float, float | None]:
    both = treatment + control
    common = float(both.products[0, 0]) / both.count
    return common / treatment.count, common / control.count, None


def _spread(arm: Moments) -> float:
    return float(arm.products[0, 0]) / arm.count


VARIANCES: Mapping[str, Variances] = {"welch": welch, "wald": _wald, "score": _score}


def _check_binary(arm: Moments) -> None:
    if not arm.count:
        return
    mean = float(arm.means[0])
    if abs(_spread(arm) - mean * (1 - mean)) > 1e-9 or not -1e-12 <= mean <= 1 + 1e-12:
        raise Invalid(
            f"a column of mean {mean:.6g} and variance {_spread(arm):.6g} isn't made of zeros and ones: "
            "call it a mean, or count each unit once"
        )
