"""Does a filter ask what happened after exposure? Then whom it keeps is an outcome, which a treatment may change.

A rule fixed before exposure, such as a country, leaves units out who then go on as they did. Those who are left out for
what they didn't do are silent where they had been as active as anybody: nobody who came back is among those who are
left out for not coming back. That shows without any difference between arms, which so mild a choice need not make.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twyman.doubt.check import Check, Status

DUE = 20.0
"""Units with a fact that are due among those left out, below which nothing is said."""
SILENT = 0.1
"""Share of those due who have one, up to which the filter chose them for that."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Units with a fact in one stretch of time.

    Attributes:
        title: When it is, in words.
        kept, left_out: Units with a fact in as much time before exposure, and in it, of whom the filter keeps, and not.
    """

    title: str
    kept: tuple[int, int]
    left_out: tuple[int, int]

    @property
    def due(self) -> float:
        """How many of those left out would have a fact in it, had they changed as those did who are kept."""
        before, after = self.kept
        return self.left_out[0] * after / before if before else 0.0

    @property
    def share(self) -> float:
        """How many have one, for each that is due."""
        return self.left_out[1] / self.due


def filter_by_outcome(source: str, stretches: Sequence[Stretch]) -> Check | None:
    """Warn where units that a filter leaves out fall silent after exposure, and those it keeps don't.

    Args:
        source: The source of facts.
        stretches: What units did in it.

    Returns:
        The check; `None` where too few are left out to say.

    Example:
        >>> day = Stretch("on the day after exposure", kept=(500, 700), left_out=(290, 2))
        >>> found = filter_by_outcome("plays", [day])
        >>> found.status.value, found.text[:57]
        ('warn', 'Of the units that the filter leaves out, 2 have a fact of')

    See docs/explanation/root-causes.md
    """
    known = [one for one in stretches if one.due >= DUE]
    if not known:
        return None
    least = min(known, key=lambda one: one.share)
    found = f"{least.left_out[1]:,} have a fact of {source} {least.title}"
    text = f"Of the units that the filter leaves out, {found}, where {least.due:,.0f} were due."
    if silent := least.share <= SILENT:
        text += (
            " It asks what happens after exposure, which the treatment may change: whom it keeps is an outcome. "
            "Analyse all units, or declare a trigger; or filter by what was known before exposure."
        )
    detail: dict[str, object] = {"source": source, "due": least.due, "seen": least.left_out[1], "stretch": least.title}
    return Check(code="filter_by_outcome", status=Status.WARN if silent else Status.OK, text=text, detail=detail)
