"""Which columns of the exposures are dimensions: by the names that segments have, and by what stands in them.

What an outcome is called and what a segment is called aren't told apart by what they hold, so only names that are known
are taken; any other column has to be named. A column that tells the arm is none: arms differ in it by design.
"""

import re
from collections.abc import Mapping, Sequence

from twyman.definitions.guessing.guesses import Guesses
from twyman.definitions.guessing.measures import says_which
from twyman.kernel.errors import NotFound, nearest

NAMES: tuple[str, ...] = (
    *("country", "market", "region", "continent", "language", "lang", "locale"),
    *("platform", "os", "browser", "device", "channel"),
    *("plan", "tier", "segment", "gender", "sex"),
)
"""Words of which one stands in the name of a segment's column."""

MOST_VALUES, MOST = 300, 5
"""Values beyond which a column is no segment (beyond 50, small ones are told together), and columns taken at most."""

TELLING = 0.95
"""Share of rows in the commonest arm of their value from which on a column tells the arm."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def wanted(types: Mapping[str, str], taken: Sequence[str], options: Guesses, *, table: str) -> list[str]:
    """Return the columns that may be dimensions: those that were named, else texts that are called as segments are.

    Args:
        types: Type by column.
        taken: Columns that are something else already.
        options: With the columns that the asker named.
        table: The table's name.

    Raises:
        NotFound: If a column that was named isn't there.

    Example:
        >>> types = {"user_id": "VARCHAR", "geoCountry": "VARCHAR", "device_id": "VARCHAR", "note": "VARCHAR"}
        >>> wanted(types, ["user_id"], Guesses(), table="seen")
        ['geoCountry']
    """
    if options.dimension:
        spelled = {each.lower(): each for each in types}
        for name in options.dimension:
            if name.lower() not in spelled:
                raise NotFound(f"--dimension '{name}' isn't a column of '{table}': {nearest(name, types)}")
        return list(dict.fromkeys(spelled[name.lower()] for name in options.dimension))
    texts = [each for each, kind in types.items() if kind == "VARCHAR" and each not in taken]
    return [each for each in texts if _is_called_so(each) and not says_which(each)]


def _is_called_so(column: str) -> bool:
    return any(word.lower() in NAMES for word in _WORD.findall(column))


def is_segment(rows: Mapping[tuple[str, str], int]) -> bool:
    """Say whether a column splits an experiment's rows into few groups that each arm has.

    Args:
        rows: By value and arm.

    Example:
        >>> is_segment({("NZ", "a"): 50, ("NZ", "b"): 48, ("SE", "a"): 20, ("SE", "b"): 25})
        True
        >>> is_segment({("old page", "a"): 50, ("new page", "b"): 48})
        False
    """
    commonest: dict[str, int] = {}
    for (value, _), count in rows.items():
        commonest[value] = max(commonest.get(value, 0), count)
    return 1 < len(commonest) <= MOST_VALUES and sum(commonest.values()) < TELLING * sum(rows.values())


def said(taken: Sequence[str], left: Sequence[str], *, table: str) -> list[str]:
    """Return what is said of dimensions.

    Args:
        taken: Columns that are.
        left: Columns that are called so, and aren't.
        table: The table's name.
    """
    texts = list[str]()
    if taken:
        texts.append(f"{table}: dimensions, as a unit's first row has them, are {_listed(taken)}")
    if left:
        texts.append(
            f"{table}: no dimensions, as they hold one value or more than {MOST_VALUES}, tell the arm, or are beyond "
            f"the first {MOST}: {_listed(left)}"
        )
    return texts


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"'{each}'" for each in columns)
