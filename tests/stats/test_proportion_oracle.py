"""Proportions against R, statsmodels, tea-tasting and Spotify: each case agrees, or is named with its reason."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twyman.stats import exact, two_counts
from twyman.stats.balance import exact_binomial
from twyman.stats.count import Count, agresti_coull, clopper_pearson, jeffreys, wilson
from twyman.stats.estimate import Contrast, NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair, welch_df
from twyman.stats.proportion import proportions
from twyman.stats.score import _difference_fit
from twyman.stats.tails import critical_value, two_sided, upper_tail

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "proportions.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
KINDS = ("one", "two_interval", "two_test", "sm_score", "prop_test", "fisher", "tea", "spotify")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    inputs = case["inputs"]
    if "successes" in inputs:
        return "one"
    if case["method"] == "proportions_r":
        return "prop_test" if "continuity" in inputs else "fisher"
    if case["method"].startswith("non_inferiority") or _is_difference_interval_by_score(case):
        return "sm_score"
    named = {"two_proportion_ci": "two_interval", "two_proportion_test": "two_test", "proportion": "tea"}
    return named.get(case["method"], "spotify")


def _is_difference_interval_by_score(case: Case) -> bool:
    inputs = case["inputs"]
    return case["method"] == "two_proportion_ci" and (inputs["compare"], inputs["method"]) == ("diff", "score")


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _counts(case: Case) -> tuple[Count, Count]:
    inputs = case["inputs"]
    return (
        Count(inputs["treatment_successes"], inputs["treatment_n"]),
        Count(inputs["control_successes"], inputs["control_n"]),
    )


def _is_certain(case: Case) -> bool:
    treatment, control = _counts(case)
    return treatment.variance == control.variance == 0 and treatment.share == control.share


def _alpha(case: Case) -> float:
    return 1 - case["inputs"].get("confidence", 0.95)


def _same(ours: Any, theirs: Any, *, rel: float = 1e-7) -> None:
    for mine, yours in zip(ours, theirs, strict=True):
        if yours is None:  # nothing to go by: some ends and statistics of ours are then those of no evidence
            assert mine is None or not math.isfinite(mine) or mine in {0.0, 1.0, -1.0}
        else:
            assert mine == pytest.approx(yours, rel=rel, abs=1e-12)


def _wald(count: Count, *, alpha: float) -> tuple[float, float]:
    """The textbook's interval, which is too narrow near 0 and 1; ours has no such convention."""
    reach = critical_value(alpha / 2) * math.sqrt(count.share * (1 - count.share) / count.units)
    return max(count.share - reach, 0.0), min(count.share + reach, 1.0)


ONE = {
    "normal": _wald,
    "agresti_coull": agresti_coull,
    "beta": clopper_pearson,
    "clopper_pearson": clopper_pearson,
    "jeffreys": jeffreys,
    "wilson": wilson,
}


@of("one")
def test_one_proportion_agrees_with_r_and_statsmodels(case: Case) -> None:
    count = Count(case["inputs"]["successes"], case["inputs"]["n"])

    for name, theirs in case["expected"].items():
        method = case["inputs"]["method"] if name == "ci" else name
        if method == "binom_test":
            _inverts_the_exact_test(count, theirs, _alpha(case))
            continue
        _same(ONE[method](count, alpha=_alpha(case)), theirs)


def _inverts_the_exact_test(count: Count, ends: list[float], alpha: float) -> None:
    """The exact test rejects just outside of each end; it jumps, so there can be several such, and theirs takes one."""
    for end, outside in zip(ends, (1 - 1e-7, 1 + 1e-7), strict=True):
        if end not in {0.0, 1.0}:
            p_value = exact_binomial(int(count.successes), int(count.units), min(end * outside, 1.0))
            assert p_value <= alpha * (1 + 1e-4)


Log = Callable[[Count, Count], Contrast | NotEstimable]
CONTRASTS: dict[tuple[str, str], Log] = {
    ("diff", "wald"): two_counts.difference_wald,
    ("diff", "agresti-caffo"): two_counts.difference_agresti_caffo,
    ("ratio", "log"): two_counts.ratio_log,
    ("ratio", "log-adjusted"): lambda t, c: two_counts.ratio_log(t, c, add=0.5),
    ("odds-ratio", "logit"): two_counts.odds_log,
    ("odds-ratio", "logit-adjusted"): lambda t, c: two_counts.odds_log(t, c, add=0.5),
}


def _two_interval(case: Case) -> tuple[float | None, float | None]:
    key = (case["inputs"]["compare"], case["inputs"]["method"])
    alpha, counts = _alpha(case), _counts(case)
    if key == ("diff", "newcomb"):
        return two_counts.difference_newcombe(*counts, alpha=alpha)
    if key[1] == "score":
        return two_counts.score_interval(*counts, compare={"ratio": "ratio", "odds-ratio": "odds"}[key[0]], alpha=alpha)
    contrast = CONTRASTS[key](*counts)
    if isinstance(contrast, NotEstimable):
        return (None, None)
    low, high = contrast.interval(alpha)
    return (low, high) if key[0] == "diff" else (math.exp(low), math.exp(high))


@of("two_interval")
def test_two_proportions_intervals_agree_with_statsmodels(case: Case) -> None:
    if _is_certain(case):  # all or none in both arms: theirs has no width, or ends where its search does
        return
    rel = 1e-5 if case["inputs"]["method"] == "score" else 1e-7  # their own root-finding ends there

    _same(_two_interval(case), case["expected"]["ci"], rel=rel)


@of("two_test")
def test_two_proportions_tests_agree_with_statsmodels(case: Case) -> None:
    key = (case["inputs"]["compare"], case["inputs"]["method"])
    scores = {"diff": two_counts.difference_score, "ratio": two_counts.ratio_score, "odds-ratio": two_counts.odds_score}
    contrast = None if key[1] == "score" else CONTRASTS[key](*_counts(case))
    if isinstance(contrast, NotEstimable):
        assert case["expected"]["statistic"] is None or _is_certain(case)
        return

    statistic = contrast.statistic if contrast else scores[key[0]](*_counts(case))

    _same((statistic, two_sided(statistic)[0]), (case["expected"]["statistic"], case["expected"]["p_value"]))


def _likelihood(treatment: Count, control: Count, p: float, q: float) -> float:
    terms = [(treatment.successes, p), (treatment.failures, 1 - p), (control.successes, q), (control.failures, 1 - q)]
    return sum(count * math.log(share) for count, share in terms if count)


def _statsmodels_fit(treatment: Count, control: Count, null: float) -> tuple[float, float]:
    """The restricted proportions as statsmodels 0.15 has them: `x null` stands where `n null` should."""
    total, both = treatment.units + control.units, treatment.successes + control.successes
    cubic = [
        control.successes * null * (1 - null),
        (control.successes * null - total - 2 * control.successes) * null + both,
        (treatment.units + 2 * control.units) * null - total - both,
        total,
    ]
    third = cubic[2] / (3 * total)
    q = third**3 - cubic[1] * cubic[2] / (6 * total**2) + cubic[0] / (2 * total)
    p = math.copysign(math.sqrt(third**2 - cubic[1] / (3 * total)), q)
    fitted = 2 * p * math.cos((math.pi + math.acos(q / p**3)) / 3) - third
    return fitted + null, fitted


def _statsmodels_score(treatment: Count, control: Count, null: float) -> float:
    p, q = _statsmodels_fit(treatment, control, null)
    total = treatment.units + control.units
    variance = (p * (1 - p) / treatment.units + q * (1 - q) / control.units) * total / (total - 1)
    return (treatment.share - control.share - null) / math.sqrt(variance)


@of("sm_score")
def test_statsmodels_score_of_a_difference_is_not_at_the_likeliest_proportions(case: Case) -> None:
    """Its cubic multiplies the null by control's successes where Miettinen and Nurminen have control's units.

    With that slip its numbers come out; ours are at the higher likelihood, and reproduce the
    interval that Newcombe (1998) printed for 56 of 70 against 48 of 80.
    """
    treatment, control = _counts(case)
    if "ci" in case["expected"]:
        reach = critical_value(_alpha(case) / 2)
        nulls, wanted = case["expected"]["ci"], (reach, -reach)
    else:
        nulls, wanted = [case["inputs"]["null_difference"]], (case["expected"]["statistic"],)

    for null, statistic in zip(nulls, wanted, strict=True):
        assert _statsmodels_score(treatment, control, null) == pytest.approx(statistic, rel=2e-5)
        ours = _difference_fit(treatment, control, null)
        theirs = _statsmodels_fit(treatment, control, null)
        if not all(0 <= share <= 1 for share in theirs):  # the slip can lead out of all proportions
            continue
        assert _likelihood(treatment, control, *ours) >= _likelihood(treatment, control, *theirs)
    if "p_value" in case["expected"]:
        assert upper_tail(wanted[0]) == pytest.approx(case["expected"]["p_value"], rel=1e-7)


def test_the_score_interval_is_the_one_that_newcombe_printed() -> None:
    low, high = two_counts.score_interval(Count(56, 70), Count(48, 80))

    assert (round(low, 4), round(high, 4)) == (0.0528, 0.3382)


@of("prop_test")
def test_pearson_agrees_with_r_and_its_interval_is_walds(case: Case) -> None:
    """R prints a pooled test beside an unpooled interval, wider by half a unit each side when corrected.

    The two can disagree, so `proportions` has them as two conventions; together they make R's answer.
    """
    treatment, control = _counts(case)
    continuity = case["inputs"]["continuity"]

    _same(
        two_counts.pearson(treatment, control, continuity=continuity),
        [case["expected"][k] for k in ("chi2", "p_value")],
    )

    wider = min(0.5 * (1 / treatment.units + 1 / control.units), abs(treatment.share - control.share))
    wald = two_counts.difference_wald(treatment, control)
    if isinstance(wald, NotEstimable):  # all or none in both arms: theirs has no width
        assert treatment.variance == control.variance == 0
        return
    low, high = wald.interval(0.05)
    shift = wider if continuity else 0.0
    _same((max(low - shift, -1), min(high + shift, 1)), case["expected"]["diff_ci"])
    if not continuity:
        pair = proportions(
            *(Moments.binary(int(c.successes), int(c.units)) for c in (treatment, control)), test="score"
        )
        assert isinstance(pair, Pair)
        assert absolute(pair).p_value == pytest.approx(case["expected"]["p_value"], rel=1e-9)


@of("fisher")
def test_fisher_agrees_with_r(case: Case) -> None:
    """R stops the search for the conditional odds ratio and its ends at a root tolerance of 1e-4."""
    low_high = exact.odds_ratio(*_counts(case))

    assert exact.fisher(*_counts(case)) == pytest.approx(case["expected"]["p_value"], rel=1e-7)
    if _is_certain(case):  # an odds ratio of anything
        return
    theirs = [case["expected"]["odds_ratio_conditional_mle"], *case["expected"]["or_ci"]]
    assert [math.inf if end is None else end for end in theirs] == pytest.approx(low_high, rel=2e-3)


def _tea(case: Case) -> float:
    counts, method = _counts(case), case["inputs"]["method"]
    if method == "auto":
        method = "barnard" if _is_small(*counts) else "norm"
    if method in ("barnard", "boschloo", "fisher"):
        return {"barnard": exact.barnard, "boschloo": exact.boschloo, "fisher": exact.fisher}[method](*counts)
    test = two_counts.likelihood_ratio if method == "log-likelihood" else two_counts.pearson
    return test(*counts, continuity=True)[1]


def _is_small(treatment: Count, control: Count) -> bool:
    return treatment.units + control.units < 1000


@of("tea")
def test_tea_tasting_tests_with_continuity_correction(case: Case) -> None:
    """Its normal test and chi-squares default to Yates' correction, and its intervals carry it along.

    Ours corrects on request only: with thousands of units it is a needless loss, and with tens the
    exact tests are there. It takes Barnard's test for small samples by itself (`auto`); ours never
    changes the method behind one's back.
    """
    treatment, control = _counts(case)

    assert _tea(case) == pytest.approx(case["expected"]["pvalue"], rel=1e-7)

    gap = treatment.share - control.share
    assert gap == pytest.approx(case["expected"]["effect_size"], abs=1e-15)
    if control.share:
        assert gap / control.share == pytest.approx(case["expected"]["rel_effect_size"], rel=1e-12)
    if case["expected"]["effect_size_ci_lower"] is not None:
        low, high = two_counts.difference_wald(treatment, control).interval(0.05)
        wide = case["expected"]["effect_size_ci_upper"] - case["expected"]["effect_size_ci_lower"]
        correction = 1 / treatment.units + 1 / control.units
        assert high - low <= wide <= 1.02 * (high - low) + 2 * correction


@of("spotify")
def test_spotify_has_walds_variance_under_each_quantile(case: Case) -> None:
    """Its z-test is `wald`, its t-test the mixture of gbstats, its chi-square a pooled test beside Wald's interval."""
    treatment, control = _counts(case)
    plain = two_counts.difference_wald(treatment, control)
    arms = (treatment.variance, treatment.units - 1), (control.variance, control.units - 1)
    df = welch_df(*arms) if case["inputs"]["test"] == "t" else None
    contrast = Contrast(plain.estimate, plain.se, df)
    p_value = two_sided(contrast.statistic, df)[0]
    if case["inputs"]["test"] == "chi2":
        p_value = two_counts.pearson(treatment, control)[1]

    assert contrast.estimate == pytest.approx(case["expected"]["diff"], rel=1e-9)
    _same((p_value, *contrast.interval(0.05)), (case["expected"]["p_value"], *case["expected"]["ci"]))


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
