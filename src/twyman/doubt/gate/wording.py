"""How arms differ in another flag, in a sentence: which parameter is what, for how many of each arm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twyman.doubt.check import share_text
from twyman.doubt.gate.joint import Table
from twyman.doubt.gate.values import Values

SHOWN = 3
"""Parameters named of a flag; JSON holds the table."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter of another flag, and the setting that tells the arms apart most.

    Attributes:
        parameter: Its path: the flag's name, and the names of a struct's fields.
        setting: The value, as text.
        shares: Share of each arm that is served it, in the order of the arms.
    """

    parameter: str
    setting: str
    shares: tuple[float, ...]

    @property
    def spread(self) -> float:
        """Largest share less the smallest."""
        return max(self.shares) - min(self.shares)

    def text(self, arms: Sequence[str]) -> str:
        """Say it.

        Example:
            >>> Difference("ads.enabled", "off", (0.0, 1.0)).text(("control", "treatment"))
            '`ads.enabled` is off for 100 % of treatment and 0 % of control'
        """
        said = [f"{share_text(share)} of {arm}" for share, arm in zip(self.shares[1:], arms[1:], strict=True)]
        return (
            f"`{self.parameter}` is {self.setting} for {', '.join(said)} and {share_text(self.shares[0])} of {arms[0]}"
        )


def differences(values: Values, table: Table) -> tuple[Difference, ...]:
    """Return the parameters that differ between arms, those that differ most first.

    Args:
        values: The other flag's values.
        table: Units by arm (the control first) and value; each arm has units.
    """
    shares = table / table.sum(axis=1, keepdims=True)
    found = [_difference(path, settings, shares) for path, settings in values.settings().items()]
    return tuple(sorted((each for each in found if each.spread > 0), key=lambda each: -each.spread))


def _difference(
    path: str, settings: Sequence[str], shares: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
) -> Difference:
    sums = {setting: np.zeros(len(shares)) for setting in settings}
    for column, setting in enumerate(settings):
        sums[setting] += shares[:, column]
    most = max(sums, key=lambda setting: (np.ptp(sums[setting]), sums[setting][1:].max() - sums[setting][0]))
    return Difference(path, most, tuple(float(share) for share in sums[most]))


def listed(found: Sequence[Difference], arms: Sequence[str]) -> str:
    """Say the first few differences, one after the other."""
    return "; ".join(_listed(found, arms))


def _listed(found: Sequence[Difference], arms: Sequence[str]) -> Iterator[str]:
    yield from (each.text(arms) for each in found[:SHOWN])
    rest = len(found) - SHOWN
    if rest > 0:
        yield f"and {rest} more parameter{'s' if rest > 1 else ''}"
