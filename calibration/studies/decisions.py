"""The decision rule: how often it ships what it shouldn't, and doesn't what it should."""

import numpy as np

from calibration.one_by_one import study
from calibration.study import Section, at_least, at_most
from twyman.stats.rule.allocation import Errors, allocated
from twyman.stats.rule.tree import Node, all_of, any_of, noninferior, superior, unharmed
from twyman.stats.rule.verdict import judged

SHIPPED, SHIPS = "ships although it shouldn't", "ships as it should"

GAIN, OTHER = superior("gain"), superior("other")
GUARDS = tuple(noninferior(f"guardrail {i}", margin=0.01) for i in range(3))
HARMS = tuple(unharmed(f"watched {i}") for i in range(2))
ONE = all_of(GAIN, *GUARDS)
TWO = all_of(any_of(GAIN, OTHER), *GUARDS[:2], *HARMS)
ALL = all_of(*GUARDS)


def rule(name: str, tree: Node, truth: dict[str, float], *, arms: int = 1, wanted: bool) -> object:
    """Return the study of a rule whose hypotheses' deviates have means, in drifts that their power needs.

    A drift of 1 is the effect planned for (with a margin: no effect), 0 is the edge of what is claimed.
    """
    plan = allocated(tree, Errors(arms=arms))
    shares = [(share.hypothesis, np.sqrt(share.information(1.0))) for share in plan.shares]

    def shipped(rng: np.random.Generator) -> float:
        p_values = {h: h.p_value(float(rng.normal(truth.get(h.name, 1.0) * drift))) for h, drift in shares}
        p_values |= {w.hypothesis: w.hypothesis.p_value(float(rng.normal())) for w in plan.watches}
        return float(judged(plan, p_values).met)

    what = SHIPS if wanted else SHIPPED

    def once(rng: np.random.Generator) -> dict[str, float]:
        answers = [shipped(rng) for _ in range(arms)]
        return {what: answers[0] if wanted else max(answers)}

    promise = at_least(SHIPS, 0.8) if wanted else at_most(SHIPPED, 0.05)
    return study(f"rule: {name}", _told(truth), f"{arms} treatment" + "s" * (arms > 1), promise, once=once)


def _told(truth: dict[str, float]) -> str:
    return (
        "; ".join(f"{name} at its {'edge' if not drift else f'{drift:g} × plan'}" for name, drift in truth.items())
        or "as planned"
    )


SECTION = Section(
    "The decision rule",
    "Ship if a success metric is better, all guardrails are shown within their margin, and nothing watched is worse; "
    "α = 5 %, β = 20 %, each hypothesis with as much information as its share of β asks for. A rule errs by shipping "
    "where one of its parts is false, whatever the others are.",
    (
        rule("one gain, three guardrails", ONE, {}, wanted=True),
        rule("one gain, three guardrails", ONE, {"gain": 0.0}, wanted=False),
        rule("one gain, three guardrails", ONE, {"gain": 3.0, "guardrail 1": 0.0}, wanted=False),
        rule("two gains, two guardrails, two watched", TWO, {"other": 0.0}, wanted=True),
        rule("two gains, two guardrails, two watched", TWO, {"gain": 0.0, "other": 0.0}, wanted=False),
        rule(
            "two gains, two guardrails, two watched",
            TWO,
            {"gain": 0.0, "other": 0.0, "guardrail 0": 3.0, "guardrail 1": 3.0},
            wanted=False,
        ),
        rule("three guardrails", ALL, {}, wanted=True),
        rule("three guardrails", ALL, {"guardrail 0": 0.0}, wanted=False),
        rule("one gain, three guardrails", ONE, {"gain": 0.0}, arms=3, wanted=False),
    ),
)
