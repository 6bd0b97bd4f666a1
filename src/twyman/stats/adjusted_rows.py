"""Regression adjustment from rows: the same question as `covariates`, with errors that need leverage.

Moments suffice for all but this: errors exact in small samples (HC2, HC3), and covariates together
with clusters (CR2). With many units `covariates.adjusted` gives the same to the digits that matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twyman.kernel.errors import Invalid
from twyman.stats.clusters.sandwich import sandwich
from twyman.stats.estimate import NotEstimable
from twyman.stats.linear import INTERCEPT, Fit, Weights, least_squares
from twyman.stats.pair import NO_VARIATION, Pair, too_few

TREATED = "treated"

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """An outcome regressed on treatment and centred covariates, ready to be asked for its two means.

    Attributes:
        fit: The regression; covariates are centred at their mean over all rows, so that the
            coefficient of `treated` is the effect; `treated:x` is how it varies with x.
        covariates: The covariates, centred.
        treated: Who was.
    """

    fit: Fit
    covariates: Mapping[str, Vector]
    treated: Vector

    @property
    def dropped(self) -> tuple[tuple[str, NotEstimable], ...]:
        """Columns left out, and why."""
        return self.fit.dropped

    def slopes(self) -> tuple[Vector, Vector]:
        """Return the covariates' slopes in treatment and in control, 0 where one was dropped."""
        control = np.array([self._coefficient(name) for name in self.covariates])
        return control + np.array([self._coefficient(f"{TREATED}:{name}") for name in self.covariates]), control

    def pair(
        self, *, errors: str = "HC2", clusters: ArrayLike | None = None, df: str = "satterthwaite", sampled: bool = True
    ) -> Pair | NotEstimable:
        """Return the two adjusted means, at the covariates' mean over all rows.

        Args:
            errors: As in `Fit.covariance`; with clusters, as in `sandwich.sandwich`.
            clusters: One label a row, where rows of one cluster may go together.
            df: `satterthwaite` (of the difference; with clusters only, else it is rows less
                coefficients); `residual` for rows less coefficients; `clusters` for G - 1; `normal`.
            sampled: Whether the covariates' mean is itself an estimate, as where units are a sample
                of users to come. Regression packages take it for given, and fall a little short.

        Returns:
            The pair; or why not.

        Raises:
            Invalid: If there are no such errors or df, or labels don't match.
        """
        asked: list[Weights] = [{INTERCEPT: 1.0, TREATED: 1.0}, {INTERCEPT: 1.0}, {TREATED: 1.0}]
        if clusters is None:
            covariance, freedom = self.fit.covariance(asked, errors=errors), float(self.fit.df)
            groups = self.fit.rows
        else:
            made = sandwich(self.fit, asked, clusters, kind="CR2" if errors == "HC2" else errors)
            if isinstance(made, NotEstimable):
                return made
            covariance, freedom, groups = made.covariance, float(made.df[2]), made.clusters
        if isinstance(covariance, NotEstimable):
            return covariance
        extra = self._sampling(clusters) if sampled else np.zeros((2, 2))
        by_name = {"satterthwaite": freedom, "residual": float(self.fit.df), "clusters": groups - 1.0, "normal": None}
        if df not in by_name:
            raise Invalid(f"there are no degrees of freedom '{df}': take one of {', '.join(by_name)}")
        units = int(self.treated.sum())
        pair = Pair(
            treatment=self.fit.value(asked[0]),
            control=self.fit.value(asked[1]),
            treatment_variance=float(covariance[0, 0] + extra[0, 0]),
            control_variance=float(covariance[1, 1] + extra[1, 1]),
            covariance=float(covariance[0, 1] + extra[0, 1]),
            df=by_name[df],
            treatment_units=units,
            control_units=self.fit.rows - units,
            method="regression" if clusters is None else "regression, clusters",
        )
        return pair if pair.contrast().se else NO_VARIATION

    def _sampling(self, clusters: ArrayLike | None) -> Matrix:
        """Return what the covariates' mean, being an estimate, adds to the covariance of the two means."""
        if not self.covariates:
            return np.zeros((2, 2))
        shifts = np.column_stack(list(self.covariates.values())) @ np.column_stack(self.slopes())
        if clusters is not None:
            _, codes = np.unique(np.asarray(clusters), return_inverse=True)
            shifts = np.column_stack([np.bincount(codes.ravel(), weights=column) for column in shifts.T])
        return np.asarray(shifts.T @ shifts, dtype=np.float64) * (len(shifts) / (len(shifts) - 1) / self.fit.rows**2)

    def _coefficient(self, name: str) -> float:
        return self.fit.coefficient(name) if name in self.fit.names else 0.0


def regression(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: Mapping[str, ArrayLike] | None = None,
    *,
    interacted: bool = True,
) -> Regression | NotEstimable:
    """Regress an outcome on treatment and covariates from before exposure.

    Holds whether or not the regression is true: randomisation makes it so (Lin 2013). What breaks
    it: covariates that the treatment can have touched; as many covariates as units.

    Args:
        outcome: One number a row.
        treated: 1 or 0 (or true, false) a row.
        covariates: One number a row each, by name; missing ones filled by `predictors.filled`.
        interacted: Whether each arm has slopes of its own (Lin's estimator, the default).

    Returns:
        The regression; or why not, where an arm has under two rows.

    Raises:
        Invalid: If lengths differ, a number is missing, or treatment is neither 0 nor 1.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> treated = np.arange(40) % 2
        >>> before = rng.normal(size=40)
        >>> made = regression(before + treated + rng.normal(size=40) / 4, treated, {"before": before})
        >>> effect = made.pair().contrast()
        >>> f"{effect.estimate:.2f} +- {effect.se:.2f}"
        '0.95 +- 0.06'

    References:
        Lin, W. (2013). Agnostic notes on regression adjustments to experimental data. Annals of
        Applied Statistics 7.

    See docs/explanation/adjustment.md.
    """
    t = np.asarray(treated, dtype=np.float64)
    if t.ndim != 1 or not np.isin(t, (0.0, 1.0)).all():
        raise Invalid("treatment must be one 0 or 1 a row: compare two arms at a time")
    refusal = too_few(int(t.sum()), int(t.size - t.sum()))
    if refusal:
        return refusal
    centred = {name: _centred(column, t.size) for name, column in (covariates or {}).items()}
    columns = {TREATED: t} | centred
    if interacted:
        columns |= {f"{TREATED}:{name}": t * column for name, column in centred.items()}
    return Regression(least_squares(outcome, columns), centred, t)


def _centred(column: ArrayLike, rows: int) -> Vector:
    values = np.asarray(column, dtype=np.float64)
    if values.shape != (rows,):
        raise Invalid(f"a covariate of shape {values.shape} doesn't match {rows} rows: give one number a row")
    deviations = values - values.mean()
    return deviations - deviations.mean()
