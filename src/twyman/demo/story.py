"""The story told in two acts: what a usual platform would have said, and when each of four nets would have caught it.

Act one is New Zealand and the launch as they went: +6 %, significant, an even split, every reason to celebrate; then
−1 %. Act two is the same users on the same days, with the nets on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from twyman.app.views import Answer
from twyman.demo.layout import columns, day_text, heading, paragraph
from twyman.demo.nets import (
    WATCH,
    Fired,
    by_coexposure,
    by_expectation,
    by_the_gate,
    by_what_must_not_move,
    gated,
    override,
)
from twyman.demo.phase import LAUNCH, NEW_ZEALAND, Phase
from twyman.demo.simulator import SEED, simulate
from twyman.demo.usual import usual_reading
from twyman.report.doubts import summary
from twyman.wiring.analysis import Analysis, analyze

OPENING = """\
A music service, 2015. A new start page picks music for the moment. It is kept secret until its launch; at the \
engineers' insistence a cohort in New Zealand gets it first. What nobody knows: the advertising test was passed a copy \
of the list of those who got the page, and switched their advertising off."""

WORLD = """\
{folder} holds the service: {users:,} users, 45 live flags, 40 finished experiments, 14 metrics. Twyman's own \
resolver dealt the flags out, and its own client logged who met what."""

SHIPPED = "Nobody asked whether that was possible. The page alone went to 1 % of the users in four markets:"
AFTERWARDS = "The page drives listeners away; silence between the songs had kept them. That took months to find."

WATCHED = f"A second file, {WATCH}, watches the advertising daily; the experiment's own looks are weekly."

SAME = "The same users, on the same days."

MISSED = "it didn't fire; with this seed chance was on the other side."

Out = Callable[[str], object]


class Told(NamedTuple):
    """A phase that has been told: all that Twyman says of it, and its report."""

    answer: Answer
    report: Path


@dataclass(frozen=True, slots=True)
class Telling:
    """Tells the story of a folder that has been simulated.

    Attributes:
        out: Takes each piece of text to be shown.
    """

    folder: Path
    out: Out
    new_zealand: Phase = NEW_ZEALAND
    launch: Phase = LAUNCH

    def act_one(self) -> tuple[Told, Told]:
        """Tell what a usual platform says of both phases, and return them."""
        self.out(heading("Act one: no nets"))
        self.out(f"New Zealand, 1 June, {self.new_zealand.users:,} users. A usual platform says:\n")
        first = self._usual(self.new_zealand)
        self.out("\n" + paragraph(SHIPPED) + "\n")
        second = self._usual(self.launch)
        self.out("\n" + paragraph(AFTERWARDS))
        return first, second

    def act_two(self, usual: Answer) -> None:
        """Tell when each net fires, with its own words, and then all on one page."""
        self.out(heading("Act two: four nets"))
        self.out(SAME)
        fired = [*self._nets()]
        self.out(heading("When each would have caught it"))
        self.out(timeline(fired, usual))

    def _nets(self) -> Iterator[Fired]:
        yield from self._told("Launch gate", by_the_gate(gated(self.folder)))
        self.out(paragraph(override(self.folder), indent=2))
        log = self.folder / "logs" / f"{NEW_ZEALAND.experiment}.jsonl"
        yield from self._told("Co-exposure", by_coexposure(log))
        watch = by_what_must_not_move(self.folder)
        yield from self._told("Must not move", watch[0] if watch else None)
        if watch:
            self.out(paragraph(WATCHED, indent=2))
            self._report(watch[1], f"{NEW_ZEALAND.experiment}-watch")
        yield from self._told("Expectation", by_expectation(self.folder))

    def _usual(self, phase: Phase) -> Told:
        found = analyze(definition(self.folder, phase))
        self.out(columns(usual_reading(found.answer)))
        return Told(found.answer, self._report(found, phase.experiment))

    def _told(self, net: str, fired: Fired | None) -> Iterator[Fired]:
        if fired is None:
            self.out(f"\n{net}: {MISSED}")
            return
        self.out(f"\n{net}, {day_text(fired.at)}, {_exposed(fired.units)}")
        self.out(paragraph(fired.said, indent=2))
        yield fired

    def _report(self, found: Analysis, name: str) -> Path:
        report = self.folder / "reports" / f"{name}.html"
        report.parent.mkdir(exist_ok=True)
        report.write_text(found.to_html(), encoding="utf-8")
        return report


def run(
    folder: Path = Path("demo"),
    *,
    seed: int = SEED,
    out: Out = print,
    phases: tuple[Phase, Phase] = (NEW_ZEALAND, LAUNCH),
) -> tuple[Path, Path]:
    """Simulate the story into a folder, tell it, and return the two phases' reports.

    Args:
        folder: What an earlier demo wrote in it is replaced.
        seed: Of the simulated users; another seed is another run of the same world.
        out: Takes each piece of text to be shown.
        phases: New Zealand and the launch; smaller ones in tests.

    Raises:
        Conflict: If the folder holds files that no demo wrote.
    """
    out(paragraph(OPENING))
    simulate(folder, seed=seed, phases=phases)
    out("\n" + paragraph(WORLD.format(folder=folder, users=sum(phase.users for phase in phases))))
    telling = Telling(folder, out, *phases)
    first, second = telling.act_one()
    telling.act_two(first.answer)
    out(ending(folder, first, second))
    return first.report, second.report


def definition(folder: Path, phase: Phase) -> Path:
    """Return where a phase's experiment is defined."""
    return folder / "experiments" / f"{phase.experiment}.yaml"


def timeline(fired: Sequence[Fired], usual: Answer) -> str:
    """Set the nets one below the other, and below them the platform that has none."""
    rows = [(each.net, day_text(each.at), f"{each.units:,}", each.brief) for each in fired]
    _, said = next(usual_reading(usual))
    none = ("No net", "1 June", f"{sum(usual.health.units.values()):,}", said)
    return columns([("", "When", "Users", "What it said"), *rows, none], right=[2])


def ending(folder: Path, first: Told, second: Told) -> str:
    """Say what the verdicts are, and where to read on."""
    why = summary(first.answer.dossier) if first.answer.dossier else ""
    verdicts = paragraph(
        f"Twyman's verdict on New Zealand: {first.answer.verdict.action}. {why} "
        f"On the launch: {second.answer.verdict.action}."
    )
    return (
        f"\n{verdicts}\n\nTo look at, in a browser:\n  {first.report}\n  {second.report}\n\nTo ask yourself:\n"
        f"  twyman doubt {definition(folder, NEW_ZEALAND)}\n"
        f"  twyman gate {folder}"
    )


def _exposed(units: int) -> str:
    return "nobody exposed yet" if not units else f"{units:,} users exposed"
