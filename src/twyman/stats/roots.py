"""Where a continuous function crosses zero between two points: one bracketed solver, no heavy import."""

import math
from collections.abc import Callable

from twyman.kernel.errors import Invalid


def crossing(function: Callable[[float], float], low: float, high: float, *, tolerance: float = 1e-14) -> float:
    """Return where `function` is zero between two points at which its signs differ.

    Args:
        function: Continuous; infinite values only say the sign.
        low: One end of the bracket.
        high: The other.
        tolerance: Of the answer, relative to its size or to 1e-3, whichever is larger.

    Raises:
        Invalid: If the signs at both ends are the same.

    Example:
        >>> f"{crossing(lambda x: x * x - 2, 0, 2):.12f}"
        '1.414213562373'

    References:
        Chandrupatla, T. R. (1997). A new hybrid quadratic/bisection algorithm for finding the zero of
        a nonlinear function without using derivatives. Advances in Engineering Software 28.
    """
    a, b = high, low
    value_a, value_b = function(a), function(b)
    if value_a * value_b > 0:
        raise Invalid(f"no crossing between {low} and {high}: the function has one sign at both ends")
    c, value_c, share = a, value_a, 0.5
    for _ in range(200):
        best, value = (a, value_a) if abs(value_a) < abs(value_b) else (b, value_b)
        resolution = tolerance * max(abs(best), 1e-3) / max(abs(b - a), 1e-300)
        if value == 0 or resolution >= 0.5:
            return best
        point = a + min(max(share, resolution), 1 - resolution) * (b - a)
        found = function(point)
        if math.copysign(1.0, found) == math.copysign(1.0, value_a):
            c, value_c = a, value_a
        else:
            c, value_c, b, value_b = b, value_b, a, value_a
        a, value_a = point, found
        share = _share((a, value_a), (b, value_b), (c, value_c))
    return a


def _share(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Return how far from `a` towards `b` to look next: by inverse quadratic, where that is safe, else halfway."""
    (x_a, y_a), (x_b, y_b), (x_c, y_c) = a, b, c
    if not all(map(math.isfinite, (y_a, y_b, y_c))) or y_c == y_b or x_c == x_b:
        return 0.5
    xi, phi = (x_a - x_b) / (x_c - x_b), (y_a - y_b) / (y_c - y_b)
    if not (phi * phi < xi and (1 - phi) ** 2 < 1 - xi):
        return 0.5
    return y_a / (y_b - y_a) * y_c / (y_b - y_c) + (x_c - x_a) / (x_b - x_a) * y_a / (y_c - y_a) * y_b / (y_c - y_b)
