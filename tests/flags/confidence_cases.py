"""The published cases of Confidence's resolver: their state, what each asks, and what it expects.

A resolver that is to pass them is a line in `RESOLVERS`.
"""

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct
from tests.cohorts.one_row import OneRow

from twyman.flags.compiled import Compiled
from twyman.flags.dialects import confidence
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.resolve import Interpreter, Resolver
from twyman.flags.state import State

RESOLVERS: dict[str, Callable[..., Resolver]] = {
    "interpreter": Interpreter,
    "vectorised": OneRow,
    "compiled": Compiled,
}
"""How each resolver is made: of a state, `client=` and `environments=`."""

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "confidence"
ABSENT = "needs the published resolver cases (../shared/oracles/confidence), which aren't part of the repository"

Case = dict[str, Any]
Answer = list[dict[str, Any]]

REASONS = {
    Reason.MATCH: "RESOLVE_REASON_MATCH",
    Reason.NO_MATCH: "RESOLVE_REASON_NO_SEGMENT_MATCH",
    Reason.UNIT_ERROR: "RESOLVE_REASON_TARGETING_KEY_ERROR",
    Reason.BROKEN: "RESOLVE_REASON_ERROR",
}


class Materialized(Struct, frozen=True):
    """What a case keeps for units: by unit and store, whether it is in, and the variant of each rule."""

    kept: dict[str, dict[str, dict[str, Any]]]

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant that a rule once gave."""
        return self._of(store, unit).get("ruleToVariant", {}).get(rule) if self.holds(store, unit) else None

    def holds(self, store: str, unit: str) -> bool:
        """Say whether the unit is in."""
        return bool(self._of(store, unit).get("isUnitInMaterialization"))

    def _of(self, store: str, unit: str) -> dict[str, Any]:
        return self.kept.get(unit, {}).get(store, {})


def cases() -> list[Case]:
    """Return the published cases; none where they aren't at hand."""
    file = FOLDER / "tests.json"
    return json.loads(file.read_text()) if file.exists() else []


@cache
def published_state() -> State:
    """Return the state that all cases are about, as ours."""
    return confidence.state((FOLDER / "state.json").read_bytes())


def memory_of(case: Case) -> Materialized:
    """Return what a case keeps for units."""
    return Materialized(case.get("materializations") or {})


@cache
def resolver_of(make: Callable[..., Resolver], secret: str) -> Resolver | None:
    """Return a resolver for whoever shows a secret; `None` where it opens nothing. It is made once."""
    state, digest = published_state(), sha256(secret.encode()).hexdigest()
    for client in state.clients.values():
        for credential in client.credentials:
            if credential.sha256 == digest:
                return make(state, client=client.name, environments=credential.environments)
    return None


def asked(case: Case, resolver: Resolver) -> list[Evaluation]:
    """Return what a resolver answers to a case: of the flags named, or all, those that its client may resolve."""
    request = case["resolveRequest"]
    wanted = [name.removeprefix("flags/") for name in request.get("flags") or []]
    context, memory = request.get("evaluationContext") or {}, memory_of(case)
    return [resolver.evaluate(name, context, memory) for name in resolver.flags if not wanted or name in wanted]


def answer_of(evaluations: list[Evaluation]) -> Answer:
    """Return evaluations in the published shape, by name."""
    return [
        {
            "flag": f"flags/{each.flag}",
            "reason": REASONS[each.reason],
            "variant": each.variant,
            "value": each.value,
            "shouldApply": each.applies,
            "assignmentOrigin": each.rule,
        }
        for each in sorted(evaluations, key=lambda each: each.flag)
    ]


def expected_of(case: Case) -> Answer:
    """Return what the general dialect expects, by name, as far as it says."""
    found = case["expectedResult"]["general"]["resolvedFlags"]
    return sorted(found, key=lambda each: each["flag"])


def meets(answer: Answer, expected: Answer) -> bool:
    """Say whether an answer holds exactly the flags expected, each with all that is said of it."""
    return len(answer) == len(expected) and all(
        {name: got[name] for name in wanted} == wanted for got, wanted in zip(answer, expected, strict=True)
    )
