"""Results as tidy rows: one a metric, treatment, segment and scale; ready for any table library."""

from typing import Any

from twyman.app.views import Answer, Effect, Result


def rows(answer: Answer) -> list[dict[str, Any]]:
    """Return every result twice, as difference and as lift, at full precision.

    Columns are the same in every row; `None` stands where a value doesn't exist, and `reason` says why.
    """
    return [
        {"experiment": answer.experiment, "as_of": answer.as_of, "look": answer.look.number}
        | _whom(result)
        | _effect(effect, scale)
        | _meaning(result, effect)
        for result in answer.results
        for scale, effect in (("absolute", result.absolute), ("relative", result.relative))
    ]


def _whom(result: Result) -> dict[str, Any]:
    return {
        "metric": result.metric,
        "role": result.role,
        "arm": result.arm,
        "dimension": result.segment.dimension if result.segment else None,
        "segment": result.segment.value if result.segment else None,
        "control_units": result.control.units,
        "treatment_units": result.treatment.units,
        "control_mean": result.control.mean,
        "treatment_mean": result.treatment.mean,
        "control_adjusted_mean": result.control.adjusted_mean,
        "treatment_adjusted_mean": result.treatment.adjusted_mean,
    }


def _effect(effect: Effect | None, scale: str) -> dict[str, Any]:
    fixed = effect.fixed if effect else None
    repeated = effect.repeated if effect else None
    exists = effect is not None and effect.reason is None
    return {
        "scale": scale,
        "estimate": effect.estimate if effect and exists else None,
        "se": effect.se if effect and exists else None,
        "lower": fixed.lower if fixed else None,
        "upper": fixed.upper if fixed else None,
        "level": fixed.level if fixed else None,
        "p_value": fixed.p_value if fixed else None,
        "repeated_lower": repeated.lower if repeated else None,
        "repeated_upper": repeated.upper if repeated else None,
        "repeated_level": repeated.level if repeated else None,
    }


def _meaning(result: Result, effect: Effect | None) -> dict[str, Any]:
    decision, method = result.decision, result.method
    reason = (effect.reason if effect else None) or result.reason
    return {
        "p_adjusted": decision.p_adjusted if decision else None,
        "state": decision.state if decision else None,
        "expectation": result.expectation.status if result.expectation else None,
        "method": method.estimate if method else None,
        "test": method.test if method else None,
        "lift": method.lift if method else None,
        "sequential": method.sequential if method else None,
        "reason": reason.text if reason else None,
    }
