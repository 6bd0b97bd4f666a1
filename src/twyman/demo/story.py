"""The story told: both phases analysed, with what a usual platform would have said beside what Twyman says.

New Zealand first: +6 %, significant, an even split, and every reason to celebrate but two. Then the
launch, in which the page was alone and its real effect showed.
"""

from collections.abc import Callable
from pathlib import Path

from twyman.app.views import Answer, Result
from twyman.app.wording import percent
from twyman.demo.phase import LAUNCH, NEW_ZEALAND, Phase
from twyman.demo.simulator import SEED, simulate
from twyman.wiring.analysis import analyze

RETENTION = "retention_week_4"

OPENING = """\
A music service, 2015. A new start page picks music for the moment. It is kept secret until its launch; at the
engineers' insistence a cohort in New Zealand gets it first. What nobody knows: the advertising test was given a
copy of the same list of users, and switched their advertising off."""

BETWEEN = """\
In the story nobody asked whether that was possible, and the page went to 1 % of users in the top four markets."""

ENDING = """\
The page drives listeners away; silence between the songs had kept them. Months of combination tests found that out.
In New Zealand it could have been read on one line: ads per hour, which no start page can move."""


def run(folder: Path = Path("demo"), *, seed: int = SEED, out: Callable[[str], object] = print) -> tuple[Path, Path]:
    """Simulate the story into a folder, analyse it, tell it, and return the two reports.

    Args:
        folder: What an earlier demo wrote in it is replaced.
        seed: Of the simulated users; another seed is another run of the same world.
        out: Takes each piece of text to be shown.

    Raises:
        Conflict: If the folder holds files that no demo wrote.
    """
    out(OPENING)
    simulate(folder, seed=seed)
    out(f"\nSimulated {NEW_ZEALAND.users + LAUNCH.users:,} users into {folder}.")
    first = _told(folder, NEW_ZEALAND, "New Zealand: the page, and unknown to all, no advertising", out)
    out("\n" + BETWEEN)
    second = _told(folder, LAUNCH, "1 % of four markets: the page alone", out)
    out("\n" + ENDING)
    out(f"\nReports, one page each, for a browser:\n  {first}\n  {second}")
    return first, second


def definition(folder: Path, phase: Phase) -> Path:
    """Return where a phase's experiment is defined."""
    return folder / "experiments" / f"{phase.experiment}.yaml"


def _told(folder: Path, phase: Phase, title: str, out: Callable[[str], object]) -> Path:
    """Analyse a phase, tell what came out, and write its report."""
    found = analyze(definition(folder, phase))
    out(f"\n{title}\n{'-' * len(title)}")
    out(f"A usual platform: {usual_reading(found.answer)}")
    out("Twyman:\n")
    out(str(found))
    report = folder / "reports" / f"{phase.experiment}.html"
    report.parent.mkdir(exist_ok=True)
    report.write_text(found.to_html(), encoding="utf-8")
    return report


def usual_reading(answer: Answer) -> str:
    """Say what a platform would say that looks at significance and the split, and doubts no good news."""
    result = next(result for result in answer.results if result.metric == RETENTION and result.segment is None)
    split = next((check for check in answer.health.checks if check.code == "srm"), None)
    even = "the split is even" if split is None or split.status in {"ok", "note"} else "the split is uneven"
    return f"{result.title.lower()} {_significance(result)}; {even}."


def _significance(result: Result) -> str:
    """Say how a lift and its interval, as if this were the only look, would be read."""
    interval = result.relative.fixed if result.relative else None
    if result.relative is None or result.relative.estimate is None or interval is None:
        return "can't be told"
    lower, upper = interval.lower, interval.upper
    if lower is None or upper is None:
        return "can't be told"
    reading = "significant: ship it" if lower > 0 else "significant: stop it" if upper < 0 else "not significant"
    return f"{percent(result.relative.estimate)} [{percent(lower)}, {percent(upper)}], {reading}"
