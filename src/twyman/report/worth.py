"""What a lift is worth, in one line under it: said where it is significant or surprising, and nowhere else."""

from collections.abc import Iterator

from twyman.app.views import Plausible, Result
from twyman.report import numbers

SIGNIFICANT = ("superior", "inferior", "deteriorated", "changed")
"""States of which a reader wants to know how much is luck."""

LOUD = ("warn", "block")
"""Levels of surprise that are said where nobody told what they expected."""


def worth(result: Result) -> str:
    """Write what is to be thought of a result beside all that was known before; empty where nothing needs saying."""
    told, signed = result.plausible, result.signed_off
    if result.segment is not None or (told is None and signed is None):
        return ""
    parts = list(_parts(result, told)) if told is not None and _is_worth_saying(result, told) else []
    if signed is not None:
        which = "" if signed.covers else ", when it was another"
        parts.append(f"signed off by {signed.by} on {numbers.instant(signed.on)}{which}: {signed.because}")
    return "; ".join(parts)


def _is_worth_saying(result: Result, told: Plausible) -> bool:
    expected = result.expectation
    surprising = expected.status != "within" if expected else told.level in LOUD
    return surprising or _is_significant(result) or any(one.beyond for one in told.ceilings)


def _is_significant(result: Result) -> bool:
    return result.decision is not None and result.decision.state in SIGNIFICANT


def _parts(result: Result, told: Plausible) -> Iterator[str]:
    if told.scope != "public" or told.weight is not None:
        digits = numbers.decimals(100 * (told.upper - told.lower) / 2)
        left = f"{numbers.percent(told.shrunken, digits)} {numbers.span(told.lower, told.upper, digits)}"
        yield f"beside {_known(told)} it is worth {left}"
        yield f"that something is broken: {_probability(told.probability_bug)}"
    if not _is_significant(result):
        return
    if told.exaggeration is not None and told.exaggeration_at is not None and told.exaggeration >= 1.05:
        at = numbers.signed_share(told.exaggeration_at)
        yield f"wins of a true {at} overstate it {told.exaggeration:.1f} times"
    if told.false_positive_risk is not None and result.decision and result.decision.state == "superior":
        yield f"of such wins {_probability(told.false_positive_risk)} are none"


def _known(told: Plausible) -> str:
    past = "public experiments" if told.scope == "public" else f"{told.experiments:,} past results"
    return past if told.weight is None else f"{past} and the expectation"


def _probability(share: float) -> str:
    if share > 0.999:
        return f"above 99.9{numbers.SIGN}"
    if share < 0.001:
        return f"below 0.1{numbers.SIGN}"
    return f"{share * 100:.2g}{numbers.SIGN}" if share < 0.99 else f"{share * 100:.1f}{numbers.SIGN}"
