"""What was measured, each beside its aim: scripts note their figures, and this prints all of them as one table.

python bench/aims.py
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from fresh import SCALE

NOTED = Path(__file__).parent / "data" / "noted"


@dataclass(frozen=True)
class Figure:
    """One figure and its aim.

    Attributes:
        aim: `None` where a figure is only reported.
        least: Whether the aim is the least that it may be; else it is the most.
        told: What it was made of.
    """

    what: str
    value: float
    aim: float | None = None
    least: bool = False
    told: str = ""

    def line(self) -> str:
        """Return the figure as a line of the table."""
        aim = "" if self.aim is None else f"{'>=' if self.least else '<='} {self.aim:g}"
        return f"  {self.what:<64}{self.value:>10.2f}   {aim:<8}{self.verdict():<7}{self.told}"

    def verdict(self) -> str:
        """Say whether it is as it should be."""
        if self.aim is None:
            return ""
        good = self.value >= self.aim if self.least else self.value <= self.aim
        return "met" if good else "missed"


def note(script: str, figures: Sequence[Figure]) -> None:
    """Print the figures of a script, and keep them for the table."""
    for one in figures:
        print(one.line())
    NOTED.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"scale": SCALE, "figures": [asdict(one) for one in figures]})
    (NOTED / f"{script}.json").write_text(text)


def main() -> None:
    """Print the table of all that was measured at this scale."""
    print(f"\n  {'':<64}{'measured':>10}   aim")
    for script in ("warehouse", "spark", "market", "refresh", "growth"):
        file = NOTED / f"{script}.json"
        noted = json.loads(file.read_text()) if file.exists() else {"scale": None, "figures": []}
        if noted["scale"] != SCALE:
            print(f"  {script}: not measured at this scale")
            continue
        for figure in noted["figures"]:
            print(Figure(**figure).line())


if __name__ == "__main__":
    main()
