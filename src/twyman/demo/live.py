"""What is live in the service, and who is dealt what: our own resolver over the demo's own flag files."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.state import State
from twyman.wiring.flags import load_flags

PAGE = "start-page"
ADS = "ads"
TREATED = "moments"
"""The variant of the new page."""


@cache
def packaged() -> State:
    """Return the flags as they are installed, before anybody has passed on a list."""
    with as_file(files("twyman.demo") / "project") as project:
        return load_flags(project)


def state_of(folder: Path) -> State:
    """Return the flags of a folder that a demo has written."""
    return load_flags(folder)


def ids(number: NDArray[np.int64]) -> "pa.Array[pa.StringScalar]":
    """Return the users' ids.

    Example:
        >>> ids(np.array([1_000_007])).to_pylist()
        ['u1000007']
    """
    return pa.array([f"u{each}" for each in number.tolist()])


def contexts(number: NDArray[np.int64], country: Sequence[str], plan: Sequence[str]) -> pa.Table:
    """Return what the app says of each user when it asks for flags."""
    return pa.table({"user_id": ids(number), "country": country, "plan": plan})


def treated(number: NDArray[np.int64], country: Iterable[str]) -> NDArray[np.bool_]:
    """Return who is dealt the new page; the same salts deal the same users the same, on every machine.

    Example:
        >>> treated(np.arange(1_000_000, 1_000_008), ["NZ"] * 8).sum()
        np.int64(4)
    """
    table = pa.table({"user_id": ids(number), "country": list(country)})
    answers = Vectorised(packaged()).evaluate(PAGE, Cohort.of_table(table, targeting_key="user_id"))
    moments = answers.names.index(TREATED) if TREATED in answers.names else -1
    return np.asarray(answers.variants == moments, dtype=np.bool_)
