"""What others are told of a sealed experiment: that something conflicts with it, how loud that is, and whom to ask."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import cast

from twyman.doubt.check import Check

OWNER_UNKNOWN = "nobody is named"
A_SEALED_ONE = "a sealed experiment"
LISTING = "coexposure"
"""The check that names several of those that were met; others name one, and a metric or an arm may be called alike."""


def veiled(checks: Iterable[Check], owners: Mapping[str, str]) -> list[Check]:
    """Return checks of pairs as others may see them: no name of a sealed experiment, and none of its figures.

    Args:
        checks: Of pairs; their `experiments` say of which, or `mde` lists some by theirs.
        owners: Of each sealed experiment, by its name.

    Example:
        >>> from twyman.doubt.check import Status
        >>> found = Check(code="leak", status=Status.WARN, text="V = .3", detail={"experiments": ["page", "secret"]})
        >>> veiled([found], {"secret": "ada"})[0].text
        "'page' conflicts with a sealed experiment: ask its owner (ada)."
    """
    told = dict[str, Check]()
    for one in checks:
        check = _veiled(one, owners)
        told.setdefault(check.text, check)  # several metrics of one pair say the same now
    return [*told.values()]


def veiled_beside(check: Check, owners: Mapping[str, str]) -> Check:
    """Return a check of one experiment as others may see it; the very same where it speaks of nothing sealed.

    Its code and how loud it is stay: a verdict that rests on it stands.

    Args:
        check: Of what the experiment's units met; its detail says which `flag`, or which `experiments`.
        owners: Of each sealed experiment beside it, by whatever it is called.

    Example:
        >>> from twyman.doubt.check import Status
        >>> found = Check(code="leak", status=Status.WARN, text="V = .3", p_value=1e-9, detail={"flag": "secret"})
        >>> veiled_beside(found, {"secret": "ada"}).text
        'It conflicts with a sealed experiment: ask its owner (ada).'
    """
    met = [*_pair(check.detail), check.detail.get("flag")]
    hidden = [name for name in met if name in owners]
    if hidden:
        owner = owners[str(hidden[0])] or OWNER_UNKNOWN
        return Check(
            code=check.code,
            status=check.status,
            text=f"It conflicts with a sealed experiment: ask its owner ({owner}).",
        )
    return _listed(check, owners) if check.code == LISTING else _without_sealed_pairs(check, owners)


def _listed(check: Check, owners: Mapping[str, str]) -> Check:
    """Return the check that lists all that was met without the names of what is sealed."""
    text, detail = _unnamed(check.text, owners), _without(check.detail, owners)
    if (text, detail) == (check.text, check.detail):
        return check
    p_value = None if check.detail.get("closest") in owners else check.p_value  # it is the closest one's
    return replace(check, text=text, p_value=p_value, detail=cast("Mapping[str, object]", detail))


def _unnamed(text: str, names: Iterable[str]) -> str:
    for name in names:
        text = text.replace(f"'{name}'", A_SEALED_ONE)
    return text[:1].upper() + text[1:] if text.startswith(A_SEALED_ONE) else text


def _without(found: object, names: Collection[str]) -> object:
    """Return what is in a detail without some names: those listed are left out, any other is nothing."""
    match found:
        case str():
            return None if found in names else found
        case dict():
            held = cast("dict[object, object]", found)
            return {key: _without(value, names) for key, value in held.items() if key not in names}
        case list():
            listed = cast("list[object]", found)
            return [_without(value, names) for value in listed if not (isinstance(value, str) and value in names)]
        case _:
            return found


def _veiled(check: Check, owners: Mapping[str, str]) -> Check:
    pair = _pair(check.detail)
    hidden = [name for name in pair if name in owners]
    if hidden:
        asked = [owners[name] or OWNER_UNKNOWN for name in hidden]
        shown = [name for name in pair if name not in owners]
        return Check(code="sealed", status=check.status, text=_said(shown, asked), detail={"experiments": shown})
    return _without_sealed_pairs(check, owners)


def _without_sealed_pairs(check: Check, owners: Mapping[str, str]) -> Check:
    """Return a check of many pairs without the figures of those that are sealed."""
    mde = check.detail.get("mde")
    if not isinstance(mde, list):  # of one pair alone it is a number
        return check
    listed = cast("list[Mapping[str, object]]", mde)
    known = [one for one in listed if not any(name in owners for name in _pair(one))]
    if len(known) == len(listed):
        return check
    return replace(check, detail={**check.detail, "mde": known})


def _pair(detail: Mapping[str, object]) -> list[str]:
    return cast("list[str]", detail.get("experiments", []))


def _said(shown: list[str], owners: list[str]) -> str:
    if shown:
        return f"'{shown[0]}' conflicts with a sealed experiment: ask its owner ({owners[0]})."
    return f"Two sealed experiments conflict: ask their owners ({' and '.join(owners)})."
