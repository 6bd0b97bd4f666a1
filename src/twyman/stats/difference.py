"""The difference of two means: Welch's test, and its relatives by name."""

from collections.abc import Callable, Mapping

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import NO_VARIATION, Pair, too_few, welch_df


def means(treatment: Moments, control: Moments, *, test: str = "welch") -> Pair | NotEstimable:
    """Compare the means of the first column.

    The interval holds when units are independent and the means near normal. A heavy tail breaks the
    second below some 355 skewness² units an arm: cap the metric. Peeking breaks the coverage: use
    `sequential.bounds`.

    Args:
        treatment: Moments of the treated units.
        control: Moments of the untreated units.
        test: `welch`: unequal variances, t; `student`: one variance for both, t; `wald`: unequal
            variances, normal; `score`: the same as `wald`, a mean having no null variance.

    Returns:
        The two means and their variances; or why not, where an arm has under two units, or no unit varies.

    Raises:
        Invalid: If there is no such test.

    Example:
        >>> from twyman.stats.lift import absolute
        >>> pair = means(Moments.of([3, 4, 5, 6]), Moments.of([1, 2, 3, 4]))
        >>> effect = absolute(pair)
        >>> f"{effect.estimate:+.2f} [{effect.lower:+.2f}, {effect.upper:+.2f}]"
        '+2.00 [-0.23, +4.23]'

    References:
        Welch, B. L. (1947). The generalization of "Student's" problem when several different
        population variances are involved. Biometrika 34.

    See docs/explanation/statistics.md
    """
    variances = chosen(test, VARIANCES)
    refusal = too_few(treatment.count, control.count)
    if refusal:
        return refusal
    if not (treatment.varies() or control.varies()):
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
        method="difference",
    )


Variances = Callable[[Moments, Moments], tuple[float, float, float | None]]
"""From two arms' moments: the variance of each mean, and the degrees of freedom."""


def welch(treatment: Moments, control: Moments) -> tuple[float, float, float | None]:
    """Each arm by its own variance, with Welch's degrees of freedom."""
    v_t, v_c = _own(treatment), _own(control)
    return v_t, v_c, welch_df((v_t, treatment.count - 1), (v_c, control.count - 1))


def _student(treatment: Moments, control: Moments) -> tuple[float, float, float | None]:
    df = treatment.count + control.count - 2
    common = float(treatment.products[0, 0] + control.products[0, 0]) / df
    return common / treatment.count, common / control.count, float(df)


def _wald(treatment: Moments, control: Moments) -> tuple[float, float, float | None]:
    return _own(treatment), _own(control), None


def _own(arm: Moments) -> float:
    return arm.variance() / arm.count


VARIANCES: Mapping[str, Variances] = {"welch": welch, "student": _student, "wald": _wald, "score": _wald}


def chosen(test: str, known: Mapping[str, Variances]) -> Variances:
    """Return the convention of a name.

    Raises:
        Invalid: If there is no such test.
    """
    try:
        return known[test]
    except KeyError:
        raise Invalid(f"there is no test '{test}' here: {nearest(test, known)}") from None
