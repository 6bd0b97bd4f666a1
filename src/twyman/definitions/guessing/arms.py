"""Which arms an experiment has by its exposures, and which of them is the control."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twyman.definitions.guessing.guesses import Guesses
from twyman.kernel.errors import Invalid, NotFound, nearest

CONTROLS: tuple[tuple[str, ...], ...] = (
    ("control", "ctrl"),
    ("baseline", "base", "default", "original", "off", "false", "old", "a", "0"),
)
"""What a control is called: the first of them, and only where no arm is called so, the others."""

MOST = 20
"""Arms beyond which a column is taken for something else."""


@dataclass(frozen=True, slots=True)
class Arms:
    """Arms as a definition writes them, and what was taken for what."""

    written: Mapping[str, Mapping[str, object]]
    said: tuple[str, ...]


def arms(counted: Mapping[str, int], options: Guesses, *, column: str, table: str) -> Arms:
    """Return the arms that exposures name.

    Args:
        counted: Rows by arm, as the data call it.
        options: What the asker says of control and shares; shares that name arms leave out the others.
        column: Where the arms stand.
        table: The table of exposures.

    Raises:
        NotFound: If an arm that the asker names isn't there.
        Invalid: If there are fewer than two arms or too many, or nothing says which is the control.

    Example:
        >>> found = arms({"control": 500, "Blue Button": 480}, Guesses(), column="arm", table="seen")
        >>> found.written
        {'control': {'control': True}, 'blue-button': {'is': 'Blue Button'}}
    """
    for named in [*options.shares, *([options.control] if options.control is not None else [])]:
        if named not in counted:
            raise NotFound(f"arm '{named}' isn't in column '{column}' of '{table}': {nearest(named, counted)}")
    values = [value for value in counted if not options.shares or value in options.shares]
    _refuse_number(values, counted, column=column, table=table)
    control, why = _control(values, counted, options)
    written = {name: _arm(name, value, value == control, options) for name, value in _names(values).items()}
    listed = ", ".join(f"{value} ({counted[value]:,} rows)" for value in values)
    said = [f"{table}: arms are {listed}; the control is '{control}' ({why})"]
    left = {value: count for value, count in counted.items() if value not in values}
    if left:
        said.append(
            f"{table}: --shares leaves out {', '.join(f'{key} ({count:,} rows)' for key, count in left.items())}"
        )
    said.append(_of_shares(options, {value: counted[value] for value in values}))
    return Arms(written, tuple(said))


def _of_shares(options: Guesses, counted: Mapping[str, int]) -> str:
    if options.shares:
        return "shares are those of --shares"
    text = (
        "shares: no table says which were planned, so equal ones are taken: where they weren't, a mismatch of the "
        "sample ratio is no fault of the experiment; say them, as in --shares "
    )
    uneven = _uneven(counted)
    if not uneven:
        return f"{text}control=90%,treatment=10%"
    listed = ",".join(f"{value}={share}%" for value, share in uneven.items())
    return f"{text}'{listed}', which is what the rows look like"


def _uneven(counted: Mapping[str, int]) -> dict[str, int]:
    """Return the shares in steps of 5 % that rows look like; nothing where that is none, or as good as equal ones.

    Example:
        >>> _uneven({"a": 5010, "b": 2480, "c": 2510})
        {'a': 50, 'b': 25, 'c': 25}
        >>> _uneven({"a": 5010, "b": 4990}), _uneven({"a": 570, "b": 430})
        ({}, {})
    """
    total = sum(counted.values())
    seen = {value: 100 * count / total for value, count in counted.items()}
    near = {value: 5 * round(share / 5) for value, share in seen.items()}
    fits = sum(near.values()) == 100 and all(abs(near[value] - share) <= 1 for value, share in seen.items())
    return near if fits and len(set(near.values())) > 1 and min(near.values()) > 0 else {}


def _refuse_number(values: Sequence[str], counted: Mapping[str, int], *, column: str, table: str) -> None:
    if len(values) < 2:
        held = f"only '{values[0]}'" if values else "no value"
        if values and len(counted) > 1:
            left = ", ".join(f"'{each}'" for each in counted if each not in values)
            raise Invalid(f"--shares names only '{values[0]}', and a comparison needs two arms: name {left}, too")
        raise Invalid(
            f"column '{column}' of '{table}' holds {held} for this experiment, and a comparison needs two arms: "
            "name the arm's column, as in --arm COLUMN, or another experiment"
        )
    if len(values) > MOST:
        first = ", ".join(f"'{value}'" for value in values[:4])
        raise Invalid(
            f"column '{column}' of '{table}' holds {len(counted):,} values ({first} …), more than arms would be: "
            "name the arm's column, as in --arm COLUMN, or the arms, as in --shares control=50%,treatment=50%"
        )


def _control(values: Sequence[str], counted: Mapping[str, int], options: Guesses) -> tuple[str, str]:
    if options.control is not None:
        if options.control not in values:
            raise Invalid(f"control '{options.control}' has no share: name it in --shares, too")
        return options.control, "as --control says"
    for names in CONTROLS:
        found = [value for value in values if _last(value) in names]
        if len(found) == 1:
            return found[0], "by its name"
        if found:
            break
    listed = ", ".join(f"'{value}' ({counted[value]:,} rows)" for value in values)
    raise Invalid(
        f"nothing says which of the arms {listed} is the control: name it, as in --control '{sorted(values)[0]}'"
    )


def _last(value: str) -> str:
    """Return an arm's own name where it is written with a path, in lower case.

    Example:
        >>> _last("flags/page/variants/Control")
        'control'
    """
    return value.rpartition("/")[2].strip().lower()


def _names(values: Sequence[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for value in values:
        made[unused(slug(value, "arm"), made)] = value
    return made


def slug(value: str, kind: str) -> str:
    """Return a name for a value of the data: lower-case letters, digits, - and _, starting with a letter.

    Example:
        >>> slug("Mens E-Mail", "arm"), slug("0", "arm"), slug("$pageview", "event")
        ('mens-e-mail', 'arm-0', 'pageview')
    """
    bare = re.sub(r"[^a-z0-9_]+", "-", value.lower()).strip("-_")
    return bare if bare[:1].isalpha() else f"{kind}-{bare}".rstrip("-")


def unused(name: str, used: Mapping[str, object]) -> str:
    """Return the name, with a number where it is in use.

    Example:
        >>> unused("plays", {"plays": 1, "plays-2": 2})
        'plays-3'
    """
    if name not in used:
        return name
    return next(f"{name}-{at}" for at in range(2, len(used) + 3) if f"{name}-{at}" not in used)


def _arm(name: str, value: str, control: bool, options: Guesses) -> dict[str, object]:  # noqa: FBT001 - a fact
    made: dict[str, object] = {} if name == value else {"is": value}
    if value in options.shares:
        made["share"] = options.shares[value]
    return made | ({"control": True} if control else {})
