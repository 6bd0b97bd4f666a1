"""Why might this be wrong? All that was seen, put together: what to look at first, and how likely a fault is.

Each check is evidence. How often it is that loud in healthy experiments and under each kind of fault was counted in
simulated experiments (`signatures`, made by the fault lab); the ratio of the two is its weight. Kinds of fault compete
for the evidence as in Bayes' theorem, one fault at a time, with healthy as one of them.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import e, exp, log, log1p

from twyman.doubt.causes import CAUSES
from twyman.doubt.check import Check, Status
from twyman.doubt.signatures import LOUD, MADE_WITH, MEANS, ODD, PRIORS, SHARPNESS, SIGNATURES

HEALTHY = "healthy"
_ROWS = {cause: {**SIGNATURES[HEALTHY], **own} for cause, own in SIGNATURES.items()}
"""Each cause's rows: where it looks as health does, health's."""
_ODD_ROWS = {
    cause: {code: LOUD if MEANS.get(code) == cause else row for code, row in SIGNATURES[HEALTHY].items()}
    for cause in PRIORS
    if cause != HEALTHY
}
"""The same of forms of it that the fault lab doesn't simulate: what speaks for it is loud, all else as in health."""
BEYOND = (1e-6, 1e-12)
"""P-values below which what blocks is extreme, and certain."""
QUIET = 1
"""The bin of what is as it should be; what wasn't seen is in the one before."""
PLAIN = {Status.OK: 1.0, Status.NOTE: 1.0, Status.WARN: 2.0, Status.BLOCK: 20.0}
"""Weight of a check without a p-value that the fault lab doesn't know."""
WORTH = 0.01
"""Probability of a kind of fault from which on a doubt may point at it."""
FAINTEST = 1e-15
"""P-values below this weigh no more."""

SUGGESTS: Mapping[str, str] = {
    **MEANS,
    "dose_incoherent": "aliased_twin",
    "expectation": "aliased_twin",
    "interaction": "leak",
    "novelty": "cache",
    "rows": "unit_mismatch",
}
"""The kind of fault that a check speaks for first, by its definition."""

SAID_BY: Mapping[str, str] = {"rows": "filter", "srm_stage": "srm"}
"""Checks that say nothing new beside another, so that where it is loud they are neither shown nor weighed: what a
filter leaves out, where its evenness is doubted; at which stage a split went wrong, where the whole split is."""
ECHOES: Mapping[str, tuple[str, ...]] = {"mix_shift": ("srm_by_day", "srm_by_segment")}
"""Checks that one accident of chance makes as loud as others: a split that happens to differ between days, whose levels
differ, too. Where both only warn they count once; what is beyond chance tells more of its kind."""
DERIVED = {"srm_cause", "expectation", "rows"}
"""Checks that are no evidence of their own: they tell what others mean, are weighed as a surprise, or only say what a
filter leaves out, which others test."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to doubt: what was seen, and what it is worth.

    Attributes:
        check: What was seen.
        ratio: How many times likelier it is under some fault than in a healthy experiment.
        precision: Share of such doubts, seen alone, that come of a fault; `None` where the fault lab doesn't know them.
        cause: The kind of fault it speaks for: the likeliest of those that all doubts together make likely and that it
            fits; else the one that it means; `""` where it speaks for none.
    """

    check: Check
    ratio: float
    cause: str
    precision: float | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A kind of fault, and how likely it is given all that was seen."""

    cause: str
    probability: float


@dataclass(frozen=True, slots=True)
class Dossier:
    """All doubts of one reading.

    Attributes:
        doubts: The loudest first, and among these the weightiest.
        suspects: Kinds of fault, the likeliest first.
        probability: That something is wrong: one less the probability of a healthy experiment.
        prior: The same before anything was seen.
    """

    doubts: tuple[Doubt, ...]
    suspects: tuple[Suspect, ...]
    probability: float
    prior: float


def dossier(checks: Sequence[Check], *, surprise: float = 1.0, whole: bool = True) -> Dossier:
    """Rank all doubts, and say how likely a fault is.

    Args:
        checks: All that was seen, loud or not.
        surprise: How many times likelier the estimates are where something is wrong than where nothing is, given what
            was expected of them.
        whole: Whether what isn't there was looked for, where its like was; else what wasn't seen says nothing.

    Example:
        >>> seen = Check(code="aliased", status=Status.BLOCK, text="'no-ads' reached all of one arm.", p_value=1e-15)
        >>> found = dossier([seen])
        >>> found.suspects[0].cause, found.probability > 0.9
        ('aliased_twin', True)

    References:
        Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch in online controlled experiments. KDD.
    """
    loud = {check.code for check in checks if check.status is not Status.OK}
    new = [check for check in checks if SAID_BY.get(check.code) not in loud]
    uncounted = DERIVED | _echoes(new)
    posterior = _posterior([check for check in new if check.code not in uncounted], surprise=surprise, whole=whole)
    healthy = posterior.pop(HEALTHY)
    suspects = [Suspect(cause, probability) for cause, probability in posterior.items()]
    doubts = [_doubt(check, posterior) for check in new if check.status is not Status.OK]
    order = list(Status)
    return Dossier(
        doubts=tuple(sorted(doubts, key=lambda one: (-order.index(one.check.status), -one.ratio))),
        suspects=tuple(sorted(suspects, key=lambda one: -one.probability)),
        probability=1 - healthy,
        prior=1 - PRIORS[HEALTHY],
    )


def evidence(checks: Iterable[Check]) -> dict[str, int]:
    """Return, by code, the bin of its loudest check.

    Example:
        >>> evidence([Check(code="srm", status=Status.WARN, text="", p_value=0.0086)])
        {'srm': 3}
    """
    by_code = groupby(sorted(checks, key=lambda check: check.code), key=lambda check: check.code)
    return {code: _bin(list(group)) for code, group in by_code}


def _bin(group: Sequence[Check]) -> int:
    """Return how loud checks of a kind are: by status, which knows what a check may say; of blocks, by p-value, too."""
    loudest = max(list(Status).index(check.status) for check in group)
    blocks = [check.p_value for check in group if check.status is Status.BLOCK and check.p_value is not None]
    return 1 + loudest + sum(min(blocks, default=1.0) < limit for limit in BEYOND)


def _echoes(checks: Iterable[Check]) -> set[str]:
    """Return the codes of warnings that stand beside another of the same accident."""
    seen, most = evidence(checks), 1 + list(Status).index(Status.WARN)
    loudest = {code: max(seen.get(other, 0) for other in others) for code, others in ECHOES.items()}
    return {code for code, other in loudest.items() if QUIET < other <= most and seen.get(code, 0) <= most}


def _posterior(checks: Sequence[Check], *, surprise: float, whole: bool) -> dict[str, float]:
    seen = evidence(checks)
    bins = {code: seen.get(code, QUIET) for code in _ROWS[HEALTHY] if code in seen or (whole and _was_made(code, seen))}

    def score(rows: Mapping[str, Sequence[float]]) -> float:
        return SHARPNESS * sum(log(_chance(rows[code], index)) for code, index in bins.items())

    logs = {HEALTHY: log(PRIORS[HEALTHY]) + score(_ROWS[HEALTHY])}
    for cause, rows in _ODD_ROWS.items():
        usual, odd = log(1 - ODD) + score(_ROWS[cause]), log(ODD) + score(rows)
        logs[cause] = log(PRIORS[cause] * surprise) + max(usual, odd) + log1p(exp(-abs(usual - odd)))
    for code, ratio in _uncounted(checks).items():
        for cause in [SUGGESTS[code]] if code in SUGGESTS else _ODD_ROWS:
            logs[cause] += log(ratio)
    largest = max(logs.values())
    weights = {cause: exp(value - largest) for cause, value in logs.items()}
    total = sum(weights.values())
    return {cause: weight / total for cause, weight in weights.items()}


def _was_made(code: str, seen: Container[str]) -> bool:
    """Whether a check that isn't in the answer was made: those that are in it even when quiet weren't."""
    absent, quiet, *_ = _ROWS[HEALTHY][code]
    return absent >= quiet and (code not in MADE_WITH or MADE_WITH[code] in seen)


def _uncounted(checks: Iterable[Check]) -> dict[str, float]:
    """Return what each loud check weighs that the fault lab doesn't know, by code."""
    found = dict[str, float]()
    for check in checks:
        if check.code not in _ROWS[HEALTHY] and check.status is not Status.OK:
            found[check.code] = max(found.get(check.code, 1.0), plain_ratio(check))
    return found


def _chance(row: Sequence[float], index: int) -> float:
    """Return how often a check is that loud; whether a quiet one was made or not says nothing."""
    return sum(row[: QUIET + 1]) if index <= QUIET else row[index]


def _doubt(check: Check, posterior: Mapping[str, float]) -> Doubt:
    index = _bin([check])
    if check.code not in _ROWS[HEALTHY]:
        return Doubt(check, plain_ratio(check), SUGGESTS.get(check.code, ""))
    known = {cause: PRIORS[cause] * _seen_under(cause, check.code, index) for cause in CAUSES}
    bug = sum(known.values()) / sum(PRIORS[cause] for cause in known)
    usual = _ROWS[HEALTHY][check.code][index]
    told = {one: posterior[one] * _seen_under(one, check.code, index) for one in known if posterior[one] >= WORTH}
    told = {one: weight for one, weight in told.items() if weight > posterior[one] * usual}
    cause = max(told, key=told.__getitem__) if told else SUGGESTS.get(check.code) or max(known, key=known.__getitem__)
    odds = bug / usual * (1 - PRIORS[HEALTHY]) / PRIORS[HEALTHY]
    return Doubt(check, bug / usual, cause, odds / (1 + odds))


def _seen_under(cause: str, code: str, index: int) -> float:
    """Return how often a check is that loud under a cause, odd forms of it included."""
    return (1 - ODD) * _ROWS[cause][code][index] + ODD * _ODD_ROWS[cause][code][index]


def plain_ratio(check: Check) -> float:
    """Return the most that a p-value can speak against chance; without one, what its loudness stands for.

    Example:
        >>> round(plain_ratio(Check(code="x", status=Status.WARN, text="", p_value=0.001)))
        53

    References:
        Sellke, T., Bayarri, M. J. and Berger, J. O. (2001). Calibration of p values for testing precise null
        hypotheses. The American Statistician 55.
    """
    if check.p_value is None:
        return PLAIN[check.status]
    p_value = max(check.p_value, FAINTEST)
    return 1 / (-e * p_value * log(p_value)) if p_value < 1 / e else 1.0
