"""Shares of a population as whole buckets: exact, or refused."""

from fractions import Fraction

from twyman.definitions.terms import NUMBER, Number, share
from twyman.flags.bucketing import BUCKETS
from twyman.kernel.errors import Invalid


def buckets(value: Number) -> int:
    """Read a share as buckets of 1,000,000.

    Raises:
        Invalid: If it is no share, or comes to no whole number of buckets.

    Example:
        >>> buckets("5%"), buckets(0.333333)
        (50000, 333333)
    """
    share(value)
    found = NUMBER.fullmatch(value.strip() if isinstance(value, str) else repr(value))
    if found is None:
        raise Invalid(f"share {value!r} isn't a number: write 5% or 0.05")
    exact = Fraction(found[1]) / Fraction(found[3] or 1) / (100 if found[2] else 1) * BUCKETS
    if exact.denominator != 1:
        near = f"{int(exact) * 100 / BUCKETS:.4f}".rstrip("0").rstrip(".")
        raise Invalid(
            f"share {value} comes to {float(exact):.6g} of the {BUCKETS:,} buckets, and no bucket can be cut: "
            f"write {near}% or another share of at most four decimals of a percent"
        )
    return int(exact)
