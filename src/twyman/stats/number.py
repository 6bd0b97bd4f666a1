"""One formula for a number and for an array of them."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

N = TypeVar("N", float, NDArray[np.float64])


def root(square: N) -> N:
    """Return the square root; of what rounding pushed below zero, zero."""
    return np.sqrt(np.maximum(square, 0.0))  # pyright: ignore[reportReturnType] - a number's is a number
