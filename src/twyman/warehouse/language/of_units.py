"""Filters of facts that ask about units: refused, since who is analysed is said once, for all metrics."""

import re
from collections.abc import Iterable

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.source import AttributeSource

EXPOSED_AT = "exposed_at"


def asks_of_units(written: str, source: str, catalogue: Catalogue, place: Place | None) -> Invalid | None:
    """Return the refusal of a filter that names an attribute or the exposure's time, or nothing if it names none.

    Args:
        written: The filter, which the source's columns couldn't answer.
        source: Name of the source of facts.
        catalogue: All that is declared.
        place: Where the filter stands.
    """
    if _names(written, [EXPOSED_AT]):
        return Invalid(
            f"where '{written}' names {EXPOSED_AT}, and a fact of '{source}' counts from its unit's exposure on: "
            "say when by the metric's window, as in {after: 1d, for: 7d}",
            place=place,
        )
    found = _names(written, _attributes(catalogue))
    if not found:
        return None
    return Invalid(
        f"where '{written}' names '{found[0]}', which is known of a unit and not of a fact of '{source}': "
        "leave it out; say whom to analyse in the experiment (population, exclude), or break down by dimensions",
        place=place,
    )


def _attributes(catalogue: Catalogue) -> list[str]:
    sources = [source for source in catalogue.sources.values() if isinstance(source, AttributeSource)]
    full = [f"{source.name}.{column}" for source in sources for column in source.columns]
    return [*full, *(column for source in sources for column in source.columns)]


def _names(written: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", written)]
