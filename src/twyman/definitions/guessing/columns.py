"""Which column is what: by the names that exports and warehouses give them, in any spelling.

Names of a role stand in ranks: of `timestamp` and `received_at` the first is taken, as a row's own time comes before
the time at which it arrived. Two names of the same rank are nobody's to choose between, and are refused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twyman.kernel.errors import Invalid, NotFound, nearest

Ranks = tuple[tuple[str, str], ...]
"""Names of a role, best first, each rank with what makes it one."""

UNIT: Ranks = (
    (
        "unit unit_id subject subject_id subject_key targeting_key context_key entity_id randomization_unit_id",
        "a name of what is randomised",
    ),
    (
        "user user_id user_key uid visitor visitor_id anonymous_id anon_id device_id distinct_id person_id stable_id "
        "amplitude_id account_id company_id organization_id customer customer_id client_id cookie_id player_id "
        "member_id",
        "a name of an id",
    ),
    ("account player member subscriber", "a name of whom rows are of"),
)
TIME: Ranks = (
    (
        "exposed_at exposure_time exposure_timestamp exposed_time first_exposure first_exposure_at first_exposure_time "
        "first_exposure_utc first_timestamp assigned_at assigned_at_timestamp assignment_time assignment_timestamp "
        "ts_assigned occurred_at happened_at event_time event_timestamp event_at",
        "the name of the event's own time",
    ),
    ("timestamp ts time datetime", "a name of a time"),
    (
        "received_at received_time sent_at created_at creation_date inserted_at ingested_at loaded_at "
        "process_timestamp server_received_time server_upload_time",
        "the time at which the row was written or arrived: no column tells its own",
    ),
    ("date dt day ds event_date exposure_date first_exposure_date", "a day: no column tells the hour"),
)
KEY: Ranks = (
    (
        "experiment experiment_id experiment_key experiment_name exp exp_id exp_key exp_name test_id test_key "
        "test_name",
        "a name of an experiment's key",
    ),
    (
        "flag flag_id flag_key flag_name feature_flag feature_flag_key feature_key gate gate_name",
        "a name of a flag's key: no column names the experiment",
    ),
)
ARM: Ranks = (
    (
        "arm arm_name variant variant_id variant_key variant_name variation variation_id variation_key variation_name "
        "experiment_group experiment_variant group group_id group_name test_group ab_group treatment treatment_group "
        "bucket cell feature_flag_response",
        "a name of an arm",
    ),
)
EVENT: Ranks = (
    ("event event_name event_key", "a name of an event's name"),
    ("event_type action", "a name of an event's kind"),
)
EVENT_IDS = ("event_id", "event_uuid", "insert_id", "message_id", "uuid")
"""What the id of an event is called, best first."""
ROLES: Mapping[str, Ranks] = {"unit": UNIT, "time": TIME, "key": KEY, "arm": ARM, "event": EVENT}

WORDS: Mapping[str, str] = {
    "unit": "the unit's id",
    "time": "the time",
    "key": "the experiment's key",
    "arm": "the arm",
    "event": "the event's name",
}
_WHICH: Mapping[str, str] = {
    "unit": "which of them was randomised",
    "time": "which of them says when it happened",
    "key": "which of them names the experiment",
    "arm": "which of them names the arm",
    "event": "which of them names the event",
}
_WHERE_NONE: Mapping[str, str] = {
    "time": "; where there is none, each row being a unit with its outcomes, leave --events out",
    "arm": "; where arms stand in a table of their own, give that one to --exposures",
}
"""What else helps where no column holds a role."""
_TIMELY = re.compile(r"_(?:at|time|timestamp|ts|date|dt)$|[a-z](?:At|Time|Timestamp|Date)$")
_PREFIX = re.compile(r"^(?:event_)?properties[._]+|^\W+")


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken for what, and why.

    Example:
        >>> str(Taken("plays.csv", "the unit's id", "uid", "a name of an id"))
        "plays.csv: the unit's id is 'uid' (a name of an id)"
    """

    table: str
    what: str
    column: str
    why: str

    def __str__(self) -> str:
        return f"{self.table}: {self.what} is '{self.column}' ({self.why})"


def plain(name: str) -> str:
    """Return a column's name without its spelling: case, signs between words, and what exports put before it.

    Example:
        >>> plain("userId"), plain("User ID"), plain("properties.$feature_flag"), plain("event_properties.variant")
        ('userid', 'userid', 'featureflag', 'variant')
    """
    bare = name.lower()
    while found := _PREFIX.match(bare):
        bare = bare[found.end() :]
    return re.sub(r"[\W_]+", "", bare)


def column(role: str, columns: Iterable[str], *, table: str, given: Sequence[str] = ()) -> Taken:
    """Return the column of a role.

    Args:
        role: `unit`, `time`, `key`, `arm` or `event`.
        columns: Those of the table.
        table: Its name, for messages.
        given: Columns that the asker named for the role; the first that the table has is taken.

    Raises:
        NotFound: If no column is known to be it.
        Invalid: If several are.

    Example:
        >>> column("time", ["userId", "timestamp", "received_at"], table="views").column
        'timestamp'
    """
    known = tuple(columns)
    found = some_column(role, known, table=table, given=given)
    if found is None:
        raise NotFound(
            f"no column of '{table}' is known to hold {WORDS[role]} (it has {_listed(known)}): "
            f"name it, as in --{role} COLUMN{_WHERE_NONE.get(role, '')}"
        )
    return found


def event_id(columns: Iterable[str], *, table: str) -> Taken | None:
    """Return the column that tells events apart; nothing where none is known to.

    Example:
        >>> event_id(["user_id", "$insert_id"], table="views").column
        '$insert_id'
    """
    known = tuple(columns)
    fitting = [each for name in EVENT_IDS for each in known if plain(each) == plain(name)]
    return (
        Taken(table, "an event's id", fitting[0], "a name of one: a row that repeats it is no other event")
        if fitting
        else None
    )


def some_column(role: str, columns: Iterable[str], *, table: str, given: Sequence[str] = ()) -> Taken | None:
    """Return the column of a role, or nothing where no column is known to be it.

    Raises:
        Invalid: If several are.
    """
    known = tuple(columns)
    spelled = {each.lower(): each for each in known}
    for name in given:
        if name.lower() in spelled:
            return Taken(table, WORDS[role], spelled[name.lower()], f"as --{role} says")
    for fitting, why in _ranked(role, known):
        if len(fitting) > 1:
            raise Invalid(
                f"'{table}' has {_listed(fitting)}, and {_WHICH[role]} isn't ours to guess: "
                f"name it, as in --{role} {fitting[0]}"
            )
        if fitting:
            return Taken(table, WORDS[role], fitting[0], why)
    return None


def _ranked(role: str, columns: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """Yield the columns that fit a role, rank by rank, each with why."""
    for names, why in ROLES[role]:
        plains = {plain(name) for name in names.split()}
        yield [each for each in columns if plain(each) in plains], why
    if role == "time":
        yield [each for each in columns if _TIMELY.search(each)], "its name ends as a time's does"


def refuse_unused(role: str, given: Sequence[str], tables: Mapping[str, Iterable[str]]) -> None:
    """Refuse an option that names a column of no table.

    Raises:
        NotFound: If there is none.
    """
    known = {each for columns in tables.values() for each in columns}
    for name in given:
        if name.lower() not in {each.lower() for each in known}:
            raise NotFound(f"--{role} '{name}' is a column of none of the tables: {nearest(name, known)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(f"'{name}'" for name in names[:12]) + more
