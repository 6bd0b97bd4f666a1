"""Which experiment a table of exposures, or of units, is asked for."""

from twyman.kernel.errors import Invalid, NotFound, nearest
from twyman.warehouse.inspection import Inspected

KEYS = 1_000
"""Values of a column that are listed at most."""


def key_in(table: Inspected, column: str, asked: str | None, *, title: str) -> tuple[str, str]:
    """Return the key of the experiment, and what is said of it.

    Args:
        table: The table, open.
        column: Where keys stand.
        asked: The key that was asked for; `None`: the only one there.
        title: What the asker calls the table.

    Raises:
        NotFound: If the key that was asked for isn't there.
        Invalid: If there are several and none was asked for, or there is none.
    """
    found = table.counts(column, most=KEYS)
    if asked is not None:
        if asked in found or table.counts(column, most=1, only=(column, asked)):
            return asked, ""
        raise NotFound(f"experiment '{asked}' isn't in column '{column}' of '{title}': {nearest(asked, found)}")
    if len(found) == 1:
        (key,) = found
        return key, f"{title}: the experiment is '{key}', the only one there"
    if not found:
        raise Invalid(
            f"column '{column}' of '{title}' has no value in any row: load the table again if it has no row, or "
            "name the experiment's column, as in --key COLUMN"
        )
    listed = ", ".join(f"'{key}' ({count:,} rows)" for key, count in list(found.items())[:12])
    more = f" and {len(found) - 12} more" if len(found) > 12 else ""
    raise Invalid(
        f"'{title}' holds several experiments ({listed}{more}), and one is looked at at a time: "
        f"name one, as in --experiment {next(iter(found))}"
    )
