"""Least squares from rows, with errors that don't take noise for equal everywhere.

Rows enter `stats` here and in `clusters` only: a heteroskedasticity-consistent error weights each
row's squared residual, by its leverage too, and neither can be had from moments. Without covariates
HC2 is Welch's error, which moments give; use `difference.means` there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.moments import ROUNDING

ALONE = 1e-7
"""A column of which those before it leave a smaller share (of its length, centred) says nothing of its own."""

TOO_CLOSE = 1e-3
"""A column of which those before it leave less is made orthogonal with more care."""

ALL_ITS_OWN = 1e-10
"""A row whose leverage is 1 less this little is fitted by itself: its residual is 0 whatever happened."""

INTERCEPT = "intercept"

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A least-squares fit, ready to be asked for contrasts of its coefficients.

    Attributes:
        names: The columns used; the first is the intercept.
        dropped: Columns that weren't, and why: constant, or told by those before them.
        coefficients: One a name.
        residuals: One a row.
        basis: Orthonormal columns that span those used.
        triangle: Upper triangular; the columns used are basis times triangle.
    """

    names: tuple[str, ...]
    dropped: tuple[tuple[str, NotEstimable], ...]
    coefficients: Vector
    residuals: Vector
    basis: Matrix
    triangle: Matrix

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.residuals)

    @property
    def df(self) -> int:
        """Rows less coefficients."""
        return len(self.residuals) - len(self.names)

    def leverages(self) -> Vector:
        """Return each row's pull on its own fitted value, between 0 and 1."""
        return np.einsum("ij,ij->i", self.basis, self.basis)

    def coefficient(self, name: str) -> float:
        """Return one coefficient."""
        return float(self.coefficients[self._place(name)])

    def value(self, weights: Weights) -> float:
        """Return a combination of coefficients."""
        return sum(weight * self.coefficient(name) for name, weight in weights.items())

    def directions(self, contrasts: Weights | list[Weights]) -> Matrix:
        """Return combinations of coefficients in coordinates of the basis, one a column.

        The basis times a direction is the weight that each row's outcome has in the combination.
        """
        asked = contrasts if isinstance(contrasts, list) else [contrasts]
        table = np.zeros((len(self.names), len(asked)))
        for column, weights in enumerate(asked):
            for name, weight in weights.items():
                table[self._place(name), column] = weight
        return np.asarray(solve_triangular(self.triangle, table, trans="T"), dtype=np.float64)

    def covariance(self, contrasts: Weights | list[Weights], *, errors: str = "HC2") -> Matrix | NotEstimable:
        """Return the covariance matrix of combinations of coefficients.

        Args:
            contrasts: Weights by name, one mapping a combination.
            errors: `classical`: one variance for all rows; `HC0`: each row by its squared residual;
                `HC1`: that times n / (n - k); `HC2`: each divided by 1 - leverage, unbiased where
                noise is equal; `HC3`: divided twice, a little wide.

        Returns:
            The matrix; or why not, where no row is left over, or a row that matters is fitted by itself.

        Raises:
            Invalid: If there are no such errors or columns.
        """
        try:
            weighting = ERRORS[errors]
        except KeyError:
            raise Invalid(f"there are no errors '{errors}' here: {nearest(errors, ERRORS)}") from None
        if self.df < 1:
            return _no_row_left(self)
        weights = self.basis @ self.directions(contrasts)
        squares = weighting(self)
        lost = np.isinf(squares)
        if np.abs(weights[lost]).max(initial=0.0) > ALONE * np.abs(weights).max(initial=0.0):
            return NotEstimable(
                Cause.TOO_FEW_UNITS,
                "a row is the only one that tells of what is asked, so its noise can't be measured: add rows",
            )
        return (weights.T * np.where(lost, 0.0, squares)) @ weights

    def contrast(self, weights: Weights | str, *, errors: str = "HC2") -> Contrast | NotEstimable:
        """Return a coefficient, or a combination of several, with its standard error.

        Raises:
            Invalid: If there are no such errors or columns.
        """
        asked = {weights: 1.0} if isinstance(weights, str) else weights
        covariance = self.covariance(asked, errors=errors)
        if isinstance(covariance, NotEstimable):
            return covariance
        return Contrast(self.value(asked), float(np.sqrt(covariance[0, 0])), float(self.df))

    def _place(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            why = next((reason.text for left, reason in self.dropped if left == name), nearest(name, self.names))
            raise Invalid(f"the fit has no column '{name}': {why}") from None


def least_squares(outcome: ArrayLike, columns: Mapping[str, ArrayLike]) -> Fit:
    """Fit an outcome by an intercept and columns, in their order.

    Columns are centred and scaled first, so that a covariate near 1e12 costs no digits. A column
    that those before it tell already is dropped and named: put what matters first.

    Args:
        outcome: One number a row.
        columns: One number a row, by name.

    Raises:
        Invalid: If lengths differ, a number is missing, or there is no row.

    Example:
        >>> fit = least_squares([1, 3, 5, 8], {"x": [0, 1, 2, 3], "twice": [0, 2, 4, 6]})
        >>> fit.names, [name for name, _ in fit.dropped]
        (('intercept', 'x'), ['twice'])
        >>> f"{fit.coefficient('x'):.2f}"
        '2.30'

    References:
        MacKinnon, J. G. and White, H. (1985). Some heteroskedasticity-consistent covariance matrix
        estimators with improved finite sample properties. Journal of Econometrics 29.

    See docs/explanation/adjustment.md.
    """
    y, table = _table(outcome, columns)
    centre = table.mean(axis=0) if table.shape[1] else np.zeros(0)
    deviations = table - centre
    deviations -= deviations.mean(axis=0) if table.shape[1] else 0.0
    scale = np.sqrt(np.einsum("ij,ij->j", deviations, deviations))
    flat = scale <= ROUNDING * np.abs(centre) * np.sqrt(len(y))
    basis, used = _orthonormal(deviations, scale, np.flatnonzero(~flat))
    names = list(columns)
    dropped = [(name, CONSTANT if flat[j] else COLLINEAR) for j, name in enumerate(names) if j not in set(used)]
    level = np.full((len(y), 1), 1 / np.sqrt(len(y)))
    whole = np.hstack([level, basis])
    triangle = np.zeros((len(used) + 1, len(used) + 1))
    triangle[0] = np.concatenate(([1.0], centre[used])) * np.sqrt(len(y))
    triangle[1:, 1:] = np.triu(basis.T @ deviations[:, used])
    centred = y - y.mean()
    loads = basis.T @ centred
    slopes = np.asarray(solve_triangular(triangle[1:, 1:], loads), dtype=np.float64) if used else np.zeros(0)
    residuals = centred - basis @ loads
    residuals -= whole @ (whole.T @ residuals)
    return Fit(
        names=(INTERCEPT, *(names[j] for j in used)),
        dropped=tuple(dropped),
        coefficients=np.concatenate(([y.mean() - slopes @ centre[used]], slopes)),
        residuals=residuals,
        basis=whole,
        triangle=triangle,
    )


CONSTANT = NotEstimable(Cause.CONSTANT, "it is one constant over all rows, which the intercept has: left out")
COLLINEAR = NotEstimable(Cause.COLLINEAR, "columns before it say the same: left out")


def _orthonormal(deviations: Matrix, scale: Vector, candidates: NDArray[np.intp]) -> tuple[Matrix, list[int]]:
    """Return an orthonormal basis of centred columns, and which of them were needed for it."""
    scaled = deviations[:, candidates] / scale[candidates]
    if not candidates.size:
        return np.zeros((len(deviations), 0)), []
    basis = _at_once(_at_once(scaled))
    if basis is None:
        return _one_by_one(scaled, candidates)
    return basis, [int(j) for j in candidates]


def _at_once(columns: Matrix | None) -> Matrix | None:
    """Make columns orthonormal by Cholesky, which done twice is as exact as Householder's way, and ten times faster.

    Where columns lie too close together for that, the answer is `None`.
    """
    if columns is None or columns.shape[1] >= columns.shape[0]:
        return None
    try:
        triangle = np.linalg.cholesky(columns.T @ columns)
    except np.linalg.LinAlgError:
        return None
    if float(np.diagonal(triangle).min()) < TOO_CLOSE:
        return None
    return np.asarray(solve_triangular(triangle, columns.T, lower=True), dtype=np.float64).T


def _one_by_one(scaled: Matrix, candidates: NDArray[np.intp]) -> tuple[Matrix, list[int]]:
    """Take columns in order, each made orthogonal twice to those before, and leave out what vanishes."""
    basis = np.zeros(scaled.shape)
    used: list[int] = []
    for column, place in zip(scaled.T, candidates, strict=True):
        before = basis[:, : len(used)]
        rest = column - before @ (before.T @ column)
        rest -= before @ (before.T @ rest)
        rest -= rest.mean()
        length = float(np.linalg.norm(rest))
        if length > ALONE:
            basis[:, len(used)] = rest / length
            used.append(int(place))
    return basis[:, : len(used)], used


def _table(outcome: ArrayLike, columns: Mapping[str, ArrayLike]) -> tuple[Vector, Matrix]:
    y = np.asarray(outcome, dtype=np.float64)
    parts = [np.asarray(column, dtype=np.float64) for column in columns.values()]
    if y.ndim != 1 or not y.size or any(part.shape != y.shape for part in parts):
        raise Invalid(f"an outcome of shape {y.shape} and its columns don't match: give one number a row of each")
    table = np.column_stack(parts) if parts else np.zeros((y.size, 0))
    if not (np.isfinite(y).all() and np.isfinite(table).all()):
        raise Invalid("a number is missing or infinite: fill covariates by `predictors.filled`, drop no unit")
    return y, table


def _no_row_left(fit: Fit) -> NotEstimable:
    return NotEstimable(
        Cause.TOO_FEW_UNITS,
        f"{fit.rows} rows for {len(fit.names)} coefficients leave nothing to measure noise by: add rows",
    )


def _classical(fit: Fit) -> Vector:
    return np.full(fit.rows, float(fit.residuals @ fit.residuals) / fit.df)


def _hc1(fit: Fit) -> Vector:
    return fit.residuals**2 * (fit.rows / fit.df)


def _by_leverage(power: int) -> Callable[[Fit], Vector]:
    def squares(fit: Fit) -> Vector:
        rest = 1 - fit.leverages()
        alone = rest < ALL_ITS_OWN
        return np.where(alone, np.inf, fit.residuals**2 / np.where(alone, 1.0, rest) ** power)

    return squares


ERRORS: Mapping[str, Callable[[Fit], Vector]] = {
    "classical": _classical,
    "HC0": lambda fit: fit.residuals**2,
    "HC1": _hc1,
    "HC2": _by_leverage(1),
    "HC3": _by_leverage(2),
}
