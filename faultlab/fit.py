"""What each cause looks like: probabilities of bins, counted over the training seeds and written down as a module."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from faultlab.evidence import BINS, EDGES, MADE_WITH, said_again
from faultlab.faults.registry import CAUSES, FAULTS
from faultlab.posterior import HEALTHY, Odd, Signatures, named, posterior

BUG = 0.05
"""Prior probability of a bug (METHODS 4.3), shared evenly over causes."""

PRIORS = {HEALTHY: 1 - BUG, **dict.fromkeys(CAUSES, BUG / len(CAUSES))}

CHANCE = -np.diff([1.0, *EDGES, 0.0])
"""Probability of each bin from ok on, where nothing is wrong and a p-value is exact."""

SEARCHED = -np.diff([1.0, *EDGES[:2], 1e-4, *EDGES[3:], 0.0])
"""The same of checks that look where nobody pointed, and block at a tenth of the others' p-value."""

SEARCHING = frozenset(("dropped_units", "mix_shift", "pre_period", "srm_by_day", "srm_by_segment"))
"""Their codes."""

DISTINCT = 1e-3
"""p-value of a difference to health from which on a cause has its own row for a code; else it is as in health."""

BELIEVED = 20.0
"""Experiments that the exact probabilities count as, beside the observed ones, in the rows of health."""

PROBABLE = frozenset(
    (
        "clock_by_arm", "dropped_units", "filter", "late_by_arm", "mix_shift", "population",
        "pre_period", "repeated_facts", "sources_apart", "srm", "srm_by_day", "srm_by_segment", "srm_stage",
    )
)  # fmt: skip
"""Codes whose evidence is the p-value of an exact test in every answer that has them."""

FILTERED = 0.2
"""Share of healthy experiments whose source of arms has a filter: presumed, for in the lab none has."""

WAGERED = frozenset(("aliased", "leak", "undeclared_moved", "uneven_overlap"))
"""Codes that are in an answer only where e-values found something, over all flags or metrics in 1 % of healthy
experiments at most."""

AT_MOST = np.array([0.99, 0.0, 0.006, 0.003, 0.0009, 1e-4, 1e-6])
"""Probability of their bins where nothing is wrong."""

PRESUMED = {
    "bot": np.array([0.0, 0.0, 0.0, 0.005, 0.0, 0.0, 0.0]),
    "clock": 0.3 * np.concatenate(([0.0, 0.0], CHANCE[1:])),
    "dominant_unit": np.array([0.0, 0.0, 0.1, 0.01, 0.001, 0.0, 0.0]),
    "filter_by_outcome": np.array([0.0, 0.2, 0.0, BUG / len(CAUSES), 0.0, 0.0, 0.0]),
    "hangs_on_one_unit": np.array([0.0, 0.0, 0.0, 0.0, 0.0005, 0.0, 0.0]),
    "must_not_move": np.array([0.0, 0.0, 0.0, 0.0, 0.001, 1e-6, 0.0]),
}
"""Share of healthy experiments that are so loud at the least, by bin: presumed, for in the lab nobody spends money, no
source has a filter, and next to nobody does anything in the hour before exposure. One unit dominates as in three of ten
experiments of a lognormal with a spread of 2 (`doubt/influence.py`), and seldom a result hangs on it; one has the rows
of a bot as in one of 200 of a lognormal with a spread of 1.8; of filters by outcomes as many are harmless as aren't;
what must not move does at its test's error; clocks are off by chance, where they can be told at all."""

SLIGHT = 1e-4
"""Of an experiment: how often an exact test is as loud as it can be, for reasons that nobody thought of."""

MEANS = {
    "aliased": "aliased_twin",
    "bot": "bot",
    "clock": "clock_skew",
    "clock_by_arm": "clock_skew",
    "clock_skew": "clock_skew",
    "contaminated": "crossover",
    "counterfactual_missing": "post_exposure_filter",
    "crossovers": "crossover",
    "dominant_unit": "outlier",
    "dropped_units": "post_exposure_filter",
    "effect_drift": "ramp_mix",
    "filter": "post_exposure_filter",
    "filter_by_outcome": "post_exposure_filter",
    "hangs_on_one_unit": "outlier",
    "joined": "telemetry",
    "late_by_arm": "clock_skew",
    "leak": "leak",
    "mix_shift": "ramp_mix",
    "must_not_move": "aliased_twin",
    "not_delivered": "non_delivery",
    "partly_delivered": "cache",
    "pre_period": "pre_period_bias",
    "repeated_facts": "duplicate_events",
    "source_missing": "telemetry",
    "sources_apart": "telemetry",
    "srm": "wrong_bucketing",
    "srm_by_day": "late_arm_start",
    "srm_by_segment": "srm_by_segment",
    "srm_stage": "redirect_loss",
    "stray_rows": "missing_exposures",
    "telemetry_volume": "telemetry",
    "triggered_srm": "redirect_loss",
    "undeclared_moved": "leak",
    "uneven_overlap": "leak",
}
"""What a code speaks for first, by its definition."""

ODD = 0.1
"""Share of faults of a kind that look like none of the lab's: they show in what speaks for the kind, and else as health
does. No simulation has every form of a fault in it."""

QUIET = (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05)
LOUD = (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1)
"""Probabilities of the bins of a code that was counted nowhere, in health; of any, under an odd form of its cause."""

ODDLY = Odd(ODD, MEANS, LOUD)
"""Such forms of faults."""

Row = NDArray[np.float64]
Counts = Mapping[str, Mapping[str, Row]]


def cause_of(record: Mapping[str, Any]) -> str:
    """Return the cause that is to be named."""
    return FAULTS[record["fault"]].cause if record["fault"] else HEALTHY


def counted(records: Sequence[Mapping[str, Any]]) -> Counts:
    """Count bins by cause and code, but what says the same again; of an experiment, each reading counts in part."""
    codes = sorted({code for record in records for reading in record["readings"] for code in reading["bins"]})
    counts: dict[str, dict[str, Row]] = defaultdict(lambda: {code: np.zeros(len(BINS)) for code in codes})
    for record in records:
        rows = counts[cause_of(record)]
        for reading in record["readings"]:
            for code in set(codes) - said_again(reading["bins"]):
                rows[code][reading["bins"].get(code, 0)] += 1 / len(record["readings"])
    return counts


def signatures(counts: Counts) -> Signatures:
    """Turn counts into probabilities, smoothed; every cause has a row for every code."""
    normal = {code: _shares(_normal(code, row)) for code, row in counts[HEALTHY].items()}
    presumed = {code: cause for code, cause in MEANS.items() if code not in normal}
    found: dict[str, dict[str, tuple[float, ...]]] = {HEALTHY: {**normal, **dict.fromkeys(presumed, QUIET)}}
    for cause in CAUSES:
        rows = {code: _row(code, row, counts[HEALTHY][code]) for code, row in counts.get(cause, {}).items()}
        unseen = {code: LOUD if speaks == cause else QUIET for code, speaks in presumed.items()}
        found[cause] = {**normal, **rows, **unseen}
    return found


def _row(code: str, row: Row, healthy: Row) -> tuple[float, ...]:
    """Return a cause's row: its own where it differs from health, with Jeffreys' half an experiment a bin."""
    return _shares(row + 0.5 if _differs(row, healthy) else _normal(code, healthy))


def _normal(code: str, row: Row) -> Row:
    """Smooth the row of health: with the exact probabilities of p-values, else with a little for every bin.

    Of an exact test only experiments count that have it: whoever has a filter at all isn't ill for that.
    """
    if code in WAGERED:
        return row + BELIEVED * AT_MOST + SLIGHT
    if code not in PROBABLE:
        made = row + np.where(row > 0, 0.5, 0.1)
        return np.maximum(made, made.sum() * PRESUMED.get(code, 0.0))
    made = np.concatenate(([0.0], row[1:]))
    chance = SEARCHED if code in SEARCHING else CHANCE
    made = made + BELIEVED * np.concatenate(([0.0], chance)) + SLIGHT
    if code == "filter":
        made[0] += made.sum() * (1 / FILTERED - 1)
    return made


def _differs(row: Row, other: Row) -> bool:
    """Whether two rows of counts differ by more than chance (likelihood ratio test)."""
    together = row + other
    used = together > 0
    expected = [part.sum() * together[used] / together.sum() for part in (row, other)]
    statistic = 2 * sum(
        float((seen[used] * np.log(np.maximum(seen[used], 1e-300) / due))[seen[used] > 0].sum())
        for seen, due in zip((row, other), expected, strict=True)
    )
    return bool(used.sum() > 1 and chi2.sf(statistic, used.sum() - 1) < DISTINCT)


def _shares(row: Row) -> tuple[float, ...]:
    """Return probabilities with the digits that matter."""
    return tuple(float(f"{share:.4g}") for share in row / row.sum())


def sharpness(records: Sequence[Mapping[str, Any]], found: Signatures) -> float:
    """Return what the evidence should count for, so that the training experiments are told best (log loss)."""
    counts = [weight_of(records, record) for record in records]

    def loss(tried: float) -> float:
        total = 0.0
        for record, count in zip(records, counts, strict=True):
            probability, _ = named(posterior(record["readings"][-1]["bins"], found, PRIORS, ODDLY, tried))
            total -= count * log(max(probability if record["fault"] else 1 - probability, 1e-9))
        return total

    return min((round(0.3 + 0.05 * step, 2) for step in range(15)), key=loss)


def weight_of(records: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> float:
    """Return how much an experiment counts, where bugs are as frequent as the prior says and not as in the lab."""
    sick = sum(bool(one["fault"]) for one in records)
    return BUG / max(1, sick) if record["fault"] else (1 - BUG) / max(1, len(records) - sick)


def threshold(records: Sequence[Mapping[str, Any]], found: Signatures, sharp: float) -> float:
    """Return the lowest probability of a bug that at most 1 in 100 healthy experiments has at any reading.

    It is twice what is so beforehand, at the least: below that nothing was seen that speaks for a fault.
    """
    tops = sorted(
        max(named(posterior(reading["bins"], found, PRIORS, ODDLY, sharp))[0] for reading in record["readings"])
        for record in records
        if not record["fault"]
    )
    allowed = int(len(tops) * 0.99)
    return round(min(0.99, max(2 * BUG, tops[min(allowed, len(tops) - 1)] + 0.001)), 3)


def write(path: Path, found: Signatures, sharp: float, held_at: float) -> None:
    """Write the module that the product reads."""
    path.write_text("\n".join((*_head(sharp, held_at), *_body(found), "}", "")))


def _head(sharp: float, held_at: float) -> Iterable[str]:
    yield '"""How loud each check is in healthy experiments and under each kind of fault: counted by the fault lab."""'
    yield ""
    yield "from collections.abc import Mapping"
    yield ""
    yield f"BINS = {BINS!r}".replace("'", '"')
    yield '"""How loud: from not in the answer to beyond any chance, by status and, of what blocks, by p-value."""'
    yield ""
    yield f"SHARPNESS = {sharp}"
    yield '"""What the evidence counts for: below 1 where checks say the same thing twice."""'
    yield ""
    yield f"THRESHOLD = {held_at}"
    yield '"""Probability of a fault that 1 in 100 healthy experiments of the training seeds passed at any reading."""'
    yield ""
    yield f"ODD = {ODD}"
    yield '"""Share of faults of a kind that show only in what speaks for the kind first, by its definition."""'
    yield ""
    yield f"LOUD = {LOUD!r}"
    yield '"""Probabilities of the bins of what speaks for a kind of fault, in such a form of it."""'
    yield ""
    yield "MEANS: Mapping[str, str] = {"
    yield from (f'    "{code}": "{cause}",' for code, cause in MEANS.items())
    yield "}"
    yield '"""What a check speaks for first, by its definition."""'
    yield ""
    yield "MADE_WITH: Mapping[str, str] = {"
    yield from (f'    "{code}": "{other}",' for code, other in MADE_WITH.items())
    yield "}"
    yield '"""Of checks that are in an answer only where they found something: what tells that they were made."""'
    yield ""
    yield "PRIORS: Mapping[str, float] = {"
    yield from (f'    "{cause}": {prior:.6g},' for cause, prior in PRIORS.items())
    yield "}"
    yield '"""Of 100 experiments 95 are healthy; kinds of fault are alike likely."""'
    yield ""
    yield "# Probabilities of the bins by code; under a fault only of those codes that look otherwise than in health."
    yield "SIGNATURES: Mapping[str, Mapping[str, tuple[float, ...]]] = {"


def _body(found: Signatures) -> Iterable[str]:
    normal = found[HEALTHY]
    for cause, rows in found.items():
        own = {code: row for code, row in rows.items() if cause == HEALTHY or row != normal[code]}
        yield f'    "{cause}": {{'
        yield from (f'        "{code}": {row!r},' for code, row in own.items())
        yield "    },"
