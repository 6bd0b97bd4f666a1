"""All that is declared, by name: what one folder of definitions says can be measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from twyman.kernel.errors import NotFound, nearest
from twyman.kernel.place import Place
from twyman.metrics.metric import Metric
from twyman.metrics.source import AggregateSource, AttributeSource, ExposureSource, FactSource, Source, UnitSource

_S = TypeVar("_S", FactSource, AttributeSource, ExposureSource, UnitSource, AggregateSource)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sources and metrics by name.

    Attributes:
        entities: Type (`string`, `integer`) by entity name.
    """

    entities: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    metrics: Mapping[str, Metric] = field(default_factory=dict[str, Metric])

    def metric(self, name: str, *, place: Place | None = None) -> Metric:
        """Return the metric of this name.

        Raises:
            NotFound: If there is none; the message names the nearest.
        """
        if name not in self.metrics:
            raise NotFound(f"metric '{name}' isn't defined: {nearest(name, self.metrics)}", place=place)
        return self.metrics[name]

    def source(self, name: str, kind: type[_S], *, place: Place | None = None) -> _S:
        """Return the source of this name and kind.

        Raises:
            NotFound: If there is none of that kind; the message names the nearest that is.
        """
        found = self.sources.get(name)
        if isinstance(found, kind):
            return found
        word = SOURCE_WORDS[kind]
        alike = [other for other, source in self.sources.items() if isinstance(source, kind)]
        raise NotFound(f"source '{name}' of kind {word} isn't defined: {nearest(name, alike)}", place=place)


SOURCE_WORDS: Mapping[type[Source], str] = {
    FactSource: "facts",
    AttributeSource: "attributes",
    ExposureSource: "exposures",
    UnitSource: "units",
    AggregateSource: "aggregates",
}
"""The word that a definition file uses for each kind of source."""
