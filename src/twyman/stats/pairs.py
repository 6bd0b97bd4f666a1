"""Two arms' means and how they vary together, for arrays of comparisons.

Element by element a `Pairs` is the `Pair` that the same moments would give alone, or the code of the
reason why there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.cells import Cells
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import ROUNDING
from twyman.stats.number import root
from twyman.stats.pair import Pair, welch_df

Vector = NDArray[np.float64]
Codes = NDArray[np.str_]

CODE_LENGTH = max(map(len, Cause))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pairs:
    """The means of treatment and control, and their covariance matrices, as arrays of one shape.

    Attributes:
        treatment, control: The means.
        treatment_variance, control_variance: Their squared standard errors.
        covariance: Between the two means.
        df: Degrees of freedom; infinite for the normal distribution.
        treatment_units, control_units: Units behind the means.
        causes: A code of `Cause` where there is no pair, and all its numbers are NaN; else empty.
        method: How the means came about.
    """

    treatment: Vector
    control: Vector
    treatment_variance: Vector
    control_variance: Vector
    covariance: Vector
    df: Vector
    treatment_units: NDArray[np.int64]
    control_units: NDArray[np.int64]
    causes: Codes
    method: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of comparisons."""
        return self.causes.shape

    def contrast(self, weight: float = 1.0) -> tuple[Vector, Vector]:
        """Return treatment minus `weight` times control, and its standard errors."""
        variance = self.treatment_variance + weight * weight * self.control_variance - 2 * weight * self.covariance
        return self.treatment - weight * self.control, root(variance)

    def without(self, wrong: NDArray[np.bool_], cause: Cause) -> "Pairs":
        """Return the pairs with a reason, and no numbers, where something is wrong and nothing was before."""
        if not wrong.any():
            return self
        causes = np.where(wrong & (self.causes == ""), cause, self.causes)
        numbers = {name: np.where(causes == "", getattr(self, name), np.nan) for name in NUMBERS}
        return replace(self, causes=causes, **numbers)

    def copied(self, *, method: str) -> "Pairs":
        """Return a copy whose arrays may be written to, under another method's name."""
        numbers = {name: np.array(getattr(self, name)) for name in NUMBERS}
        return replace(self, causes=np.array(self.causes), method=method, **numbers)

    def placed(self, index: tuple[int, ...], answer: Pair | NotEstimable) -> None:
        """Write one comparison, made by itself, into its place."""
        if isinstance(answer, NotEstimable):
            self.causes[index] = answer.code
            for name in NUMBERS:
                getattr(self, name)[index] = np.nan
            return
        self.causes[index] = ""
        for name in NUMBERS[:-1]:
            getattr(self, name)[index] = getattr(answer, name)
        self.df[index] = np.inf if answer.df is None else answer.df


NUMBERS = ("treatment", "control", "treatment_variance", "control_variance", "covariance", "df")


def raw_pairs(treatment: Cells, control: Cells, *, kind: str, test: str) -> Pairs:
    """Compare means, proportions or ratios of two arrays of arms of the same shape, without covariates.

    The formulas are those of `difference.means`, `proportion.proportions` and `ratio.ratios`; a test
    holds the two equal.

    Raises:
        Invalid: If a proportion's column isn't made of zeros and ones.
    """
    few = np.minimum(treatment.counts, control.counts) < 2
    none = np.zeros(treatment.shape, dtype=bool)
    if kind == "ratio":
        none = (treatment.means[..., 1] == 0) | (control.means[..., 1] == 0)
        treatment, control = linearised_cells(treatment), linearised_cells(control)
        still = ~((treatment.products[..., 0, 0] > 0) | (control.products[..., 0, 0] > 0))
    else:
        still = ~(treatment.varies() | control.varies())
    if kind == "proportion":
        _check_binary(treatment)
        _check_binary(control)
        still &= (treatment.means[..., 0] == control.means[..., 0]) | (test != "score")
    with np.errstate(divide="ignore", invalid="ignore"):
        v_t, v_c, df = VARIANCES[_convention(kind, test)](treatment, control)
    pairs = Pairs(
        treatment=treatment.means[..., 0],
        control=control.means[..., 0],
        treatment_variance=v_t,
        control_variance=v_c,
        covariance=np.zeros(treatment.shape),
        df=np.broadcast_to(df, treatment.shape),
        treatment_units=treatment.counts,
        control_units=control.counts,
        causes=np.full(treatment.shape, "", dtype=f"<U{CODE_LENGTH}"),
        method={"mean": "difference"}.get(kind, kind),
    )
    return (
        pairs.without(few, Cause.TOO_FEW_UNITS).without(none, Cause.NO_DENOMINATOR).without(still, Cause.NO_VARIATION)
    )


def linearised_cells(arms: Cells) -> Cells:
    """Replace numerator and denominator by each unit's contribution to the ratio, as `ratio.linearised` does.

    Where the denominator is zero the contribution is given as zero.
    """
    k = arms.k
    whole = np.where(arms.means[..., 1] == 0, np.inf, arms.means[..., 1])
    ratio = arms.means[..., 0] / whole
    weights = np.zeros((*arms.shape, k - 1, k))
    weights[..., 0, 0], weights[..., 0, 1] = 1 / whole, -ratio / whole
    weights[..., 1:, 2:] = np.eye(k - 2)
    products = weights @ arms.products @ np.swapaxes(weights, -1, -2)
    terms = arms.products[..., 0, 0] + ratio * ratio * arms.products[..., 1, 1]
    rounding = products[..., 0, 0] <= ROUNDING * terms / whole**2
    products[rounding, 0, :] = 0.0
    products[rounding, :, 0] = 0.0
    return Cells(arms.counts, np.concatenate([ratio[..., np.newaxis], arms.means[..., 2:]], axis=-1), products)


def _welch(treatment: Cells, control: Cells) -> tuple[Vector, Vector, Vector]:
    v_t, v_c = _own(treatment), _own(control)
    return v_t, v_c, welch_df((v_t, treatment.n - 1), (v_c, control.n - 1))


def _student(treatment: Cells, control: Cells) -> tuple[Vector, Vector, Vector]:
    df = treatment.n + control.n - 2
    common = (treatment.products[..., 0, 0] + control.products[..., 0, 0]) / df
    return common / treatment.counts, common / control.counts, df


def _wald(treatment: Cells, control: Cells) -> tuple[Vector, Vector, Vector]:
    return _own(treatment), _own(control), np.full((), np.inf)


def _wald_proportion(treatment: Cells, control: Cells) -> tuple[Vector, Vector, Vector]:
    return _spread(treatment) / treatment.counts, _spread(control) / control.counts, np.full((), np.inf)


def _score_proportion(treatment: Cells, control: Cells) -> tuple[Vector, Vector, Vector]:
    common = _spread(treatment + control)
    return common / treatment.counts, common / control.counts, np.full((), np.inf)


def _own(arm: Cells) -> Vector:
    return arm.variance() / arm.counts


def _spread(arm: Cells) -> Vector:
    return arm.products[..., 0, 0] / np.maximum(arm.counts, 1)


VARIANCES = {
    "welch": _welch,
    "student": _student,
    "wald": _wald,
    "wald proportion": _wald_proportion,
    "score proportion": _score_proportion,
}

_OWN: Mapping[tuple[str, str], str] = {
    ("proportion", "wald"): "wald proportion",
    ("proportion", "score"): "score proportion",
    ("mean", "score"): "wald",
    ("ratio", "score"): "wald",
}


def _convention(kind: str, test: str) -> str:
    return _OWN.get((kind, test), test)


def _check_binary(arm: Cells) -> None:
    mean = arm.means[..., 0]
    wrong = (np.abs(_spread(arm) - mean * (1 - mean)) > 1e-9) | (mean < -1e-12) | (mean > 1 + 1e-12)
    if (wrong & (arm.counts > 0)).any():
        place = tuple(int(i) for i in np.argwhere(wrong & (arm.counts > 0))[0])
        raise Invalid(
            f"cell {place} has mean {mean[place]:.6g} and variance {_spread(arm)[place]:.6g}, and isn't made of zeros "
            "and ones: call it a mean, or count each unit once"
        )
