"""Names of tables of our own: what they hold, of what, since when, and something that nobody else draws.

A name is never used twice, so a table is never changed: whoever reads it reads all of it.
"""

import re
import secrets
from datetime import UTC, datetime

from twyman.kernel.time import system_clock

_STAMP = re.compile(r"_([0-9a-f]{8})([0-9a-f]{6})$")


def fresh_name(what: str, of: str) -> str:
    """Return a name for a table that is to be made now.

    Args:
        what: Which kind of table: `facts`, `units`, `sums`.
        of: What it is made of: a source, an experiment.
    """
    return f"{what}_{re.sub(r'[^a-z0-9_]', '_', of)}_{int(system_clock().timestamp()):08x}{secrets.token_hex(3)}"


def made_at(name: str) -> datetime | None:
    """Return when a table was named; `None` for a name that isn't ours.

    Example:
        >>> made_at("facts_listening_5f1d7a84_65e5a5c0aabbcc")
        datetime.datetime(2024, 3, 4, 10, 43, 12, tzinfo=datetime.timezone.utc)
    """
    found = _STAMP.search(name)
    return datetime.fromtimestamp(int(found[1], 16), UTC) if found else None
