"""What others are told of a sealed experiment: that something conflicts with it, how loud that is, and whom to ask."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from twyman.doubt.check import Check

OWNER_UNKNOWN = "nobody is named"


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


def _veiled(check: Check, owners: Mapping[str, str]) -> Check:
    pair = _pair(check.detail)
    hidden = [name for name in pair if name in owners]
    if hidden:
        asked = [owners[name] or OWNER_UNKNOWN for name in hidden]
        shown = [name for name in pair if name not in owners]
        return Check(code="sealed", status=check.status, text=_said(shown, asked), detail={"experiments": shown})
    listed = cast("list[Mapping[str, object]] | None", check.detail.get("mde"))
    if listed is None:
        return check
    known = [one for one in listed if not any(name in owners for name in _pair(one))]
    return replace(check, detail={**check.detail, "mde": known})


def _pair(detail: Mapping[str, object]) -> list[str]:
    return cast("list[str]", detail.get("experiments", []))


def _said(shown: list[str], owners: list[str]) -> str:
    if shown:
        return f"'{shown[0]}' conflicts with a sealed experiment: ask its owner ({owners[0]})."
    return f"Two sealed experiments conflict: ask their owners ({' and '.join(owners)})."
