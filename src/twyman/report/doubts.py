"""Why might this be wrong? The dossier in a terminal and as JSON: the weightiest doubt first."""

from dataclasses import dataclass
from io import StringIO
from shutil import get_terminal_size

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twyman.app.views import Answer, Dossier, Doubt, Suspect
from twyman.report.inert import inert
from twyman.report.words import CHECKS, Word, word

WIDEST = 120
SPEAKS = 1.05
"""How many times likelier a doubt is under a fault, from which on it speaks for one."""
NAMED = 3
"""Kinds of fault that are named."""
MARKS = {"block": "■", "warn": "▲", "note": "·"}
"""How loud a doubt is, at the head of its line."""


def json_text(answer: Answer, *, said: tuple[str, ...] = ()) -> str:
    """Return the dossier as JSON, with the experiment, the day and the verdicts it belongs to.

    Args:
        answer: What to tell.
        said: What was taken for what, where nobody defined it.
    """
    told = {
        "experiment": answer.experiment,
        "as_of": answer.as_of,
        "engine": answer.engine,
        "verdicts": answer.verdicts,
        "units": answer.health.units,
        "dossier": answer.dossier,
        **({"taken": said} if said else {}),
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def text(answer: Answer, *, width: int | None = None, said: tuple[str, ...] = ()) -> str:
    """Return the dossier as lines of text, none longer than `width`.

    Args:
        answer: What to show.
        width: Columns; the terminal's own, or 80, where left out.
        said: What was taken for what, where nobody defined it.
    """
    answer = inert(answer)
    out = StringIO()
    columns = min(width or get_terminal_size((80, 24)).columns, WIDEST)
    console = Console(file=out, width=columns, highlight=False, markup=False, emoji=False, legacy_windows=False)
    console.print(Text(f"{answer.title}: why might this be wrong?"))
    units = ", ".join(f"{arm} {count:,}" for arm, count in answer.health.units.items())
    console.print(Text(f"{answer.experiment}, as of {answer.as_of[:10]}, units {units}"))
    for line in said:
        console.print(_item("·", line))
    if answer.dossier is not None:
        _dossier(console, answer.dossier)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().replace("\u00a0", " ").splitlines())


def _dossier(console: Console, dossier: Dossier) -> None:
    console.print()
    console.print(Text(summary(dossier)))
    for number, doubt in enumerate(dossier.doubts, start=1):
        console.print()
        console.print(_item(f"{number}.", f"{MARKS.get(doubt.status, '')} {doubt.text}".strip()))
        console.print(_item("", worth(doubt)))
        if doubt.explains:
            console.print(_item("", f"Would explain: {doubt.explains}"))
            console.print(_item("", f"Next: {doubt.next}"))
    if dossier.doubts and dossier.causes:
        console.print()
        console.print(Text("Most likely, if something is wrong:"))
        for cause in dossier.causes[:NAMED]:
            console.print(_item("-", suspicion(cause)))


@dataclass(frozen=True, slots=True)
class ShownDoubt:
    """A doubt as a page shows it."""

    word: Word
    text: str
    worth: str
    explains: str
    next: str


@dataclass(frozen=True, slots=True)
class ShownDossier:
    """A dossier as a page shows it."""

    summary: str
    doubts: tuple[ShownDoubt, ...]
    suspects: tuple[str, ...]


def shown(dossier: Dossier) -> ShownDossier:
    """Return the dossier in words, for a page."""
    return ShownDossier(
        summary=summary(dossier),
        doubts=tuple(
            ShownDoubt(word(CHECKS, one.status), one.text, worth(one), one.explains, one.next) for one in dossier.doubts
        ),
        suspects=tuple(suspicion(one) for one in dossier.causes[:NAMED]),
    )


def summary(dossier: Dossier) -> str:
    """Return the dossier in one sentence."""
    if not dossier.doubts:
        return f"Nothing speaks against it: {dossier.checked} checks were made. {likelihood(dossier)}."
    number = sum(one.status != "note" or one.likelihood_ratio >= SPEAKS for one in dossier.doubts)
    notes = len(dossier.doubts) - number
    beside = f", and {notes} note{'s' if notes > 1 else ''}" if notes else ""
    if not number:
        return f"Nothing speaks against it: {dossier.checked} checks were made{beside}. {likelihood(dossier)}."
    reasons = f"{number} reason{'s' if number > 1 else ''} to doubt{beside}"
    return f"{reasons}, of {dossier.checked} checks. {likelihood(dossier)}."


def likelihood(dossier: Dossier) -> str:
    """Say how likely it is that something is wrong."""
    before = f"{chance(dossier.prior)} before anything was seen"
    return f"The probability that something is wrong is {chance(dossier.probability)} ({before})"


def worth(doubt: Doubt) -> str:
    """Say how much a doubt weighs."""
    ratio = doubt.likelihood_ratio
    if ratio >= SPEAKS:
        times = "more than 1,000,000" if ratio > 1e6 else f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
        return f"Evidence: {times} times likelier if something is wrong{_precision(doubt.precision)}."
    return "Evidence: as likely in a healthy experiment."


def _precision(share: float | None) -> str:
    """Say of how many such doubts there is a fault, as the fault lab counted."""
    if share is None:
        return ""
    return f"; of 100 seen alone, {'over 99' if share > 0.99 else f'{share * 100:.0f}'} come of a fault"


def suspicion(suspect: Suspect) -> str:
    """Say how likely a kind of fault is."""
    return f"{suspect.title} ({chance(suspect.probability)}, {suspect.stage}): {suspect.next}"


def chance(probability: float) -> str:
    """Write a probability; never quite none, and never quite certain.

    Example:
        >>> chance(0.31), chance(0.99999), chance(0.0001)
        ('31 %', 'over 99 %', 'under 1 %')
    """
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else f"{probability * 100:.0f} %"


def _item(sign: str, words: str) -> Table:
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=3, justify="right")
    line.add_column()
    line.add_row(Text(sign), Text(words))
    return line
