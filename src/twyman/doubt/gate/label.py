"""For whom an experiment can speak: the markets that its units come from, and whether they are new."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twyman.doubt.check import Status, share_text
from twyman.doubt.gate.finding import Code, Finding
from twyman.kernel.place import Place

LISTED = 4
"""Markets named in a sentence."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Who an experiment's units are, beside everybody.

    Attributes:
        units: Units in it.
        contexts: Contexts of the sample.
        markets: Units by market; empty where nothing says.
        of_markets: Markets of the sample.
        new: Units by whether they are new, as `new` and `existing`; empty where nothing says.
    """

    units: int
    contexts: int
    markets: Counts = field(default_factory=dict[str, int])
    of_markets: int = 0
    new: Counts = field(default_factory=dict[str, int])

    @property
    def is_narrow(self) -> bool:
        """Whether all units come from one market of several."""
        return len(self.markets) == 1 and self.of_markets > 1

    def text(self) -> str:
        """Say it.

        Example:
            >>> Label(units=90, contexts=9_000, markets={"NZ": 90}, of_markets=12, new={"existing": 90}).text()
            'speaks for NZ only (1 of 12 markets), existing units only'
        """
        said = [part for part in (self._markets(), self._new()) if part]
        return f"speaks for {', '.join(said)}" if said else "nothing says for whom it speaks"

    def _markets(self) -> str:
        if not self.markets:
            return ""
        first = sorted(self.markets, key=lambda name: (-self.markets[name], name))
        if len(first) == 1:
            return f"{first[0]} only (1 of {self.of_markets} market{'s' if self.of_markets > 1 else ''})"
        named = [f"{name} {share_text(self.markets[name] / sum(self.markets.values()))}" for name in first[:LISTED]]
        more = f" and {len(first) - LISTED} more" if len(first) > LISTED else ""
        return f"{', '.join(named)}{more} ({len(first)} of {self.of_markets} markets)"

    def _new(self) -> str:
        if len(self.new) == 1:
            return f"{next(iter(self.new))} units only"
        return f"{share_text(self.new['new'] / sum(self.new.values()))} new units" if self.new else ""

    def finding(self, claims: str, place: Place | None) -> Finding | None:
        """Return a note where the units come from one market and the experiment doesn't say for whom it speaks."""
        if not self.is_narrow or claims:
            return None
        market = next(iter(self.markets))
        return Finding(
            code=Code.NARROW,
            status=Status.NOTE,
            text=(
                f"All its units come from {market}, 1 of {self.of_markets} markets: what is found holds there. "
                f"Say so, as in population: {{say: claims about {market} only}}, or widen it."
            ),
            place=place,
        )
