"""Which look an answer was taken at, in a few short phrases; and its settings as a flat list."""

from collections.abc import Iterable
from typing import Any, cast

from twyman.app.views import Answer, LookView
from twyman.report import numbers


def reading(answer: Answer) -> tuple[str, ...]:
    """Say when this is from and which look it is; a table without dates is from no day."""
    dated = [f"as of {numbers.instant(answer.as_of)}"] if answer.look.cutoff else []
    always = str(answer.settings.get("sequential", "")).startswith("always-valid")
    bounds = ["bounds hold at any look"] if always and not answer.look.between else []
    return (*dated, *look(answer.look), *bounds)


def look(view: LookView) -> list[str]:
    r"""Say which look it is.

    Example:
        >>> look(LookView(number=6, planned=8, cutoff=None, information=0.714, reconstructed=True))
        ['look 6 of 8', '71\xa0% of the planned information', 'reconstructed from the data']
    """
    if view.between:
        return ["between planned looks: health only, no effects"]
    parts = [_which(view)]
    if view.information is not None:
        parts.append(f"{numbers.brief(round(view.information, 2))} of the planned information")
    if view.reconstructed:
        parts.append("reconstructed from the data")
    return parts


def _which(view: LookView) -> str:
    if view.number == 0:
        return "before the first look"
    if view.planned == 1:
        return "the only look"
    of = "" if view.planned is None else f" of {view.planned}"
    return f"look {view.number}{of}" + (", the final one" if view.final else "")


def cutoffs(view: LookView) -> list[tuple[str, str]]:
    """Return what the look may see, and when the next one is."""
    names = {"events": "Events before", "arrivals": "Arrived before"}
    found = [(names.get(what, what), numbers.instant(until)) for what, until in (view.cutoff or {}).items()]
    return found + ([("Next look", numbers.instant(view.next))] if view.next else [])


def flat(value: object, name: str = "") -> Iterable[tuple[str, str]]:
    """Return nested settings as names and texts, in their order.

    Example:
        >>> list(flat({"alpha": 0.05, "cuped": {"minutes": "14d", "skips": None}, "arms": ["a", "b"]}))
        [('alpha', '0.05'), ('cuped · minutes', '14d'), ('cuped · skips', 'none'), ('arms', 'a, b')]
    """
    if isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            yield from flat(part, f"{name} · {key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in cast("list[Any]", value)):
        for index, part in enumerate(cast("list[Any]", value), start=1):
            yield from flat(part, f"{name} · {index}")
    else:
        yield name, _written(cast("object", value))


def _written(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):  # of scalars
        return ", ".join(_written(part) for part in cast("list[Any]", value)) or "none"
    if isinstance(value, int):
        return numbers.count(value)
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
