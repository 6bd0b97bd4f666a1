"""Parts of a population, as half-open runs of whole buckets."""

from collections.abc import Iterable

from msgspec import Struct

from twyman.flags.bucketing import BUCKETS, bucket_of


class Slice(Struct, frozen=True, array_like=True, order=True, gc=False):
    """Buckets from `start` up to, and without, `stop`.

    Example:
        >>> 499_999 in Slice(0, 500_000), 500_000 in Slice(0, 500_000)
        (True, False)
    """

    start: int
    stop: int

    def __contains__(self, bucket: int) -> bool:
        return self.start <= bucket < self.stop

    def __len__(self) -> int:
        return max(0, self.stop - self.start)


class Claim(Struct, frozen=True):
    """A share of the population: slices under one salt.

    Attributes:
        salt: The draw's own salt.
        slices: Which of its 1,000,000 buckets; disjoint and in order.
        group: The exclusivity group whose salt it is; empty for a draw of its own.
    """

    salt: str
    slices: tuple[Slice, ...]
    group: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every unit is in, so that nothing need be drawn."""
        return covers(self.slices, BUCKETS)

    def holds(self, unit: str) -> bool:
        """Say whether the unit is among those claimed."""
        bucket = bucket_of(unit, salt=self.salt)
        return any(bucket in part for part in self.slices)


def covers(slices: Iterable[Slice], buckets: int) -> bool:
    """Say whether the slices leave no bucket out.

    Example:
        >>> covers([Slice(0, 400_000), Slice(400_000, 1_000_000)], 1_000_000)
        True
    """
    reached = 0
    for part in sorted(slices):
        if part.start > reached:
            break
        reached = max(reached, part.stop)
    return reached >= buckets


def size(slices: Iterable[Slice]) -> int:
    """Return how many buckets lie in disjoint slices.

    Example:
        >>> size([Slice(0, 10), Slice(20, 25)])
        15
    """
    return sum(len(part) for part in slices)
