"""How platforms export who met which arm: known by the columns that such a table has, before any name is weighed.

Each is as its platform documents it, seen in November 2026:

- Confidence, docs/metrics/assignment-tables: the rule is the experiment, and `assignment_id` the arm, as several
  variants may belong to one arm.
- LaunchDarkly, docs/integrations/data-export/warehouse-schema-reference: `evaluation_events`, in which an exposure is
  a row with an `experiment_iteration_id`.
- Statsig, console-api/daily-reports: `first_exposures`, with the gate's or experiment's `name`.
- Optimizely, experimentation-data/docs/bigquery-data-specification: `decisions`, without those of a holdback.
- PostHog, docs/experiments/exposures and docs/cdp/batch-exports: events `$feature_flag_called`, whose `properties` are
  JSON, or columns of their own in an export of a query.
- Amplitude, docs/feature-experiment/under-the-hood/event-tracking: events `[Experiment] Exposure`, or `$exposure`
  where they are sent by hand, with `flag_key` and `variant` among `event_properties`.
- Eppo, docs/sdks/event-logging: `experiment` (flag and allocation), `subject`, `variation`, `timestamp`.
- GrowthBook, docs/app/datasources: an assignment query returns an id, `timestamp`, `experiment_id`, `variation_id`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twyman.definitions.guessing.columns import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a platform exports.

    Attributes:
        needs: Columns by which it is known.
        lacks: Columns that it hasn't; with them it would be another.
        roles: Its columns by role, where a name alone wouldn't tell.
        derived: Columns computed from JSON, by role: the column, and the property in it.
        only: Columns on which a row's being an exposure hangs, with the condition; `{}` is the column. It applies where
            the table has the column.
        exposing: Names of the events that are exposures: of events as such they say nothing.
    """

    platform: str
    needs: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    derived: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    only: tuple[str, str] | None = None
    exposing: tuple[str, ...] = ()

    def is_of(self, columns: Iterable[str]) -> bool:
        """Say whether a table with these columns is one."""
        known = {plain(each) for each in columns}
        return {plain(each) for each in self.needs} <= known and known.isdisjoint(plain(each) for each in self.lacks)


_FLAG, _RESPONSE = "feature_flag", "feature_flag_response"
_CALLED = ("$feature_flag_called",)
_EXPOSURE = ("[Experiment] Exposure", "$exposure")

EXPORTS: tuple[Export, ...] = (
    Export(
        platform="Confidence",
        needs=("assignment_time", "rule", "assignment_id"),
        roles={"time": "assignment_time", "key": "rule", "arm": "assignment_id"},
    ),
    Export(
        platform="LaunchDarkly",
        needs=("flag_key", "context_key", "variation_id", "received_time"),
        roles={"unit": "context_key", "time": "received_time", "key": "flag_key", "arm": "variation_id"},
        only=("experiment_iteration_id", "{} IS NOT NULL"),
    ),
    Export(
        platform="Statsig",
        needs=("name", "experiment_group", "unit_id", "first_exposure_utc"),
        roles={"unit": "unit_id", "time": "first_exposure_utc", "key": "name", "arm": "experiment_group"},
    ),
    Export(
        platform="Optimizely",
        needs=("visitor_id", "experiment_id", "variation_id", "timestamp", "is_holdback"),
        roles={"unit": "visitor_id", "time": "timestamp", "key": "experiment_id", "arm": "variation_id"},
        only=("is_holdback", "NOT coalesce({}, false)"),
    ),
    Export(
        platform="PostHog",
        needs=("event", "timestamp", _FLAG, _RESPONSE),
        roles={"time": "timestamp", "key": _FLAG, "arm": _RESPONSE},
        only=("event", "{} = '$feature_flag_called'"),
        exposing=_CALLED,
    ),
    Export(
        platform="PostHog",
        needs=("event", "distinct_id", "timestamp", "properties"),
        lacks=(_RESPONSE,),
        roles={"time": "timestamp"},
        derived={"key": ("properties", "$feature_flag"), "arm": ("properties", "$feature_flag_response")},
        only=("event", "{} = '$feature_flag_called'"),
        exposing=_CALLED,
    ),
    Export(
        platform="Amplitude",
        needs=("event_type", "event_time", "flag_key", "variant"),
        roles={"time": "event_time", "key": "flag_key", "arm": "variant"},
        only=("event_type", "{} IN ('[Experiment] Exposure', '$exposure')"),
        exposing=_EXPOSURE,
    ),
    Export(
        platform="Amplitude",
        needs=("event_type", "event_time", "event_properties"),
        lacks=("variant",),
        roles={"time": "event_time"},
        derived={"key": ("event_properties", "flag_key"), "arm": ("event_properties", "variant")},
        only=("event_type", "{} IN ('[Experiment] Exposure', '$exposure')"),
        exposing=_EXPOSURE,
    ),
    Export(
        platform="Eppo",
        needs=("experiment", "subject", "variation", "timestamp"),
        roles={"unit": "subject", "time": "timestamp", "key": "experiment", "arm": "variation"},
    ),
    Export(
        platform="GrowthBook",
        needs=("timestamp", "experiment_id", "variation_id"),
        lacks=("is_holdback", "variation_name", "experiment_name"),
        roles={"time": "timestamp", "key": "experiment_id", "arm": "variation_id"},
    ),
)
"""Those that are known; of two that fit, the first."""


def export_of(columns: Iterable[str]) -> Export | None:
    """Return whose export a table with these columns is; `None` where it is nobody's that is known.

    Example:
        >>> export_of(["assignment_time", "targeting_key", "flag", "rule", "variant", "assignment_id"]).platform
        'Confidence'
    """
    known = tuple(columns)
    return next((each for each in EXPORTS if each.is_of(known)), None)
