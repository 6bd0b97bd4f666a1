"""What the product is asked: the experiment as its owner writes it, and the definitions that it refers to."""

from typing import Any

from faultlab.tables import OWN, assignments, exposures, facts, users
from faultlab.trial import CEILING, START, WINDOW, Trial
from faultlab.world import World

WITHIN = 0.1
"""Margin of the advertising, which must not move."""

MARGIN = 0.05
"""Margin of the skips, the guardrail."""

_MEASURES = {
    "listening": {"songs": "songs", "seconds": "seconds", "skipped": "skipped"},
    "ads": {"ads": "ads"},
    "pages": {"home": "home", "moments": "moments"},
    "searches": {"searches": "searches"},
}


def experiment(made: World) -> dict[str, Any]:
    """Return the experiment as its owner wrote it."""
    trial = made.trial
    return {
        "kind": "experiment",
        "name": OWN,
        "owner": "start-page",
        "entity": "user",
        "arms": {
            "control": {"share": round(1 - made.share, 3), "control": True},
            "moments": {"share": made.share},
        },
        "exposures": "exposures",
        "assignments": "assignments",
        "delivery": {"facts": "pages", "where": "moments > 0"},
        "enrol": {"from": _date(0), "until": _date(trial.enrols)},
        "measure_until": _date(trial.enrols + WINDOW),
        "metrics": {
            trial.metric: {"role": "success", "mde": 0.02, **_belief(trial)},
            "skip_rate": {"role": "guardrail", "margin": MARGIN},
            "ads_per_hour": {"role": "must_not_move", "within": WITHIN},
            "moments_opened": {"role": "information"},
        },
        "dimensions": ["platform", "plan"],
        "analysis": {"sequential": {"spending": "power-2", "looks": "weekly"} if trial.sequential else "fixed"},
    }


def definitions(made: World) -> list[dict[str, Any]]:
    """Return the project, its sources over tables in memory, and the catalogue of metrics."""
    return [
        _PROJECT,
        _exposures(made),
        _assignments(made),
        _profile(made),
        *(_facts(made, name) for name in _MEASURES),
        *_METRICS,
    ]


def _belief(trial: Trial) -> dict[str, Any]:
    return {
        "expect": {"low": trial.low, "likely": trial.likely, "high": trial.high},
        "ceiling": {"at": max(CEILING, round(trial.high + 0.01, 4)), "because": "no page moved it by more in 40 tests"},
    }


def _date(day: int) -> str:
    return str(START.date().fromordinal(START.toordinal() + day))


def _exposures(made: World) -> dict[str, Any]:
    source = {
        "kind": "exposures",
        "name": "exposures",
        "table": exposures(made),
        "entities": {"user": "user_id"},
        "timestamp": "exposed_at",
        "experiment": "experiment",
        "arm": "arm",
    }
    return source if made.filter is None else {**source, "where": "came_back"}


def _assignments(made: World) -> dict[str, Any]:
    return {
        "kind": "exposures",
        "name": "assignments",
        "table": assignments(made),
        "entities": {"user": "user_id"},
        "timestamp": "assigned_at",
        "arm": "arm",
    }


def _profile(made: World) -> dict[str, Any]:
    return {
        "kind": "attributes",
        "name": "profile",
        "table": users(made),
        "entities": {"user": "user_id"},
        "columns": ["country", "platform", "plan", "is_new"],
    }


def _facts(made: World, name: str) -> dict[str, Any]:
    return {
        "kind": "facts",
        "name": name,
        "table": facts(made, name),
        "entities": {"user": "user_id"},
        "timestamp": "at",
        "arrived": "received_at",
        "measures": _MEASURES[name],
    }


_PROJECT = {
    "kind": "project",
    "name": "faultlab",
    "timezone": "UTC",
    "entities": {"user": {"type": "integer"}},
    "defaults": {"alpha": 0.05, "power": 0.8, "cuped": "14d"},
}

_WINDOW = {"window": f"{WINDOW}d", "entity": "user", "kind": "metric"}

_METRICS: list[dict[str, Any]] = [
    {
        **_WINDOW,
        "name": "active_days",
        "facts": "listening",
        "type": "mean",
        "value": {"count": "*"},
        "direction": "increase",
    },
    {
        **_WINDOW,
        "name": "songs",
        "facts": "listening",
        "type": "mean",
        "value": {"sum": "songs"},
        "direction": "increase",
    },
    {
        **_WINDOW,
        "name": "skip_rate",
        "type": "ratio",
        "numerator": {"facts": "listening", "sum": "skipped"},
        "denominator": {"facts": "listening", "sum": "songs"},
        "direction": "decrease",
    },
    {
        **_WINDOW,
        "name": "ads_per_hour",
        "type": "ratio",
        "numerator": {"facts": "ads", "sum": "ads"},
        "denominator": {"facts": "listening", "sum": "seconds", "scale": 1 / 3600},
        "direction": "decrease",
    },
    {
        **_WINDOW,
        "name": "moments_opened",
        "facts": "pages",
        "type": "proportion",
        "value": {"sum": "moments"},
        "at_least": 1,
        "direction": "increase",
        "cuped": "none",
    },
    {
        **_WINDOW,
        "name": "home_visits",
        "facts": "pages",
        "type": "mean",
        "value": {"sum": "home"},
        "direction": "increase",
    },
    {
        **_WINDOW,
        "name": "searches",
        "facts": "searches",
        "type": "mean",
        "value": {"sum": "searches"},
        "direction": "increase",
    },
]
