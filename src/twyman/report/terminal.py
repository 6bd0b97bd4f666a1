"""The answer in a terminal: the verdict and its reasons, then the data's health, then a table that fits 80 columns."""

from io import StringIO
from shutil import get_terminal_size

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from twyman.app.views import Answer, Verdict
from twyman.report.doubts import likelihood
from twyman.report.health import Found, HealthView, health
from twyman.report.inert import inert
from twyman.report.numbers import DASH
from twyman.report.reading import reading
from twyman.report.rows import Group, Row, by_role
from twyman.report.words import ACTIONS, what_now, word

WIDE, WIDEST = 110, 140
"""From the first on, role and arm have columns of their own; beyond the second, lines are hard to follow."""

COLORS = {"good": "green", "bad": "red", "care": "yellow", "calm": "blue", "quiet": "bright_black"}


def text(answer: Answer, *, width: int | None = None, color: bool = False) -> str:
    """Return the answer as lines of text.

    Args:
        answer: What to show.
        width: Columns; the terminal's own, or 80, where left out.
        color: Whether to colour words by escape sequences; without, the text is plain.

    Returns:
        Lines that end in a newline, none longer than `width`.
    """
    columns = min(width or get_terminal_size((80, 24)).columns, WIDEST)
    answer = inert(answer)
    out = StringIO()
    console = Console(
        file=out,
        width=columns,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(Text(answer.title or answer.experiment, style="bold"))
    console.print(Text(", ".join((answer.experiment, *reading(answer))), style="bright_black"))
    for verdict in answer.verdicts:
        _verdict(console, verdict, answer.control)
    if answer.claims:
        console.print()
        console.print(Text(f"This cohort supports {answer.claims}."))
    _health(console, health(answer))
    if answer.dossier is not None:
        console.print(_item("", f"{likelihood(answer.dossier)}: twyman doubt says why."))
    groups = by_role(answer.results, answer.control)
    if groups:
        console.print()
        console.print(_table(groups, wide=columns >= WIDE))
    for row in (row for group in groups for row in group.rows if row.reason):
        console.print(_item("-", f"{row.metric}, {row.arm}: {row.reason}"))
    for row in (row for group in groups for row in group.rows if row.diluted):
        console.print(_item("-", f"{row.metric}, {row.arm}, on all exposed: {row.diluted}"))
    for row in (row for group in groups for row in group.rows if row.worth):
        console.print(_item("-", f"{row.metric}, {row.arm}: {row.worth}."))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().replace("\u00a0", " ").splitlines())


def _verdict(console: Console, verdict: Verdict, control: str) -> None:
    action = word(ACTIONS, verdict.action)
    line = Text.assemble(
        (f"{action.sign} {action.word.upper()}", f"bold {COLORS[action.tone]}"), f"  {verdict.arm} against {control}"
    )
    console.print()
    console.print(line)
    for reason in verdict.reasons:
        console.print(_item("-", reason.text))
    steps = what_now(verdict.action, verdict.reasons)
    if steps:
        console.print(Padding(Text("What now:", style="bold"), (0, 0, 0, 2)))
    for number, step in enumerate(steps, start=1):
        console.print(_item(f"{number}.", step))


def _item(sign: str, words: str) -> Table:
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=2 + len(sign), justify="right")
    line.add_column()
    line.add_row(Text(sign), Text(words))
    return line


def _health(console: Console, view: HealthView) -> None:
    console.print()
    console.print(Text.assemble(("Health", "bold"), f": {view.summary}; units ", _units(view)))
    for name, counts in view.steps:
        console.print(Text(f"  {name}: {counts}"))
    for found in view.grave:
        console.print(_found(found))


def _units(view: HealthView) -> str:
    crossed = sum(arm.crossovers for arm in view.arms)
    counts = ", ".join(f"{arm.arm} {arm.units:,}" for arm in view.arms)
    return counts + (f" ({crossed:,} more in two arms)" if crossed else "")


def _found(found: Found) -> Table:
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=9)
    line.add_column()
    about = f" ({found.about})" if found.about else ""
    line.add_row(Text(f"  {found.word.word}", style=COLORS[found.word.tone]), Text(found.text + about))
    return line


def _table(groups: tuple[Group, ...], *, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0) if wide else (0, 1, 0, 0), pad_edge=False, header_style="bright_black")
    table.add_column("Metric", overflow="fold", min_width=16)
    for name in ("Role", "Arm") if wide else ():
        table.add_column(name, overflow="fold")
    for name in ("Control", "Treatment", "Lift", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("State", overflow="fold")
    for group in groups:
        for row in group.rows:
            table.add_row(*_cells(row, many=group.many, wide=wide))
    return table


def _cells(row: Row, *, many: bool, wide: bool) -> list[Text]:
    role = row.role.replace("_", " ")
    whom = [Text(row.metric), Text(role), Text(row.arm)]
    if not wide:
        under = f"{role}, {row.arm}" if many else role
        whom = [Text.assemble(row.metric, "\n", (under, "bright_black"))]
    state = Text(row.state.word, style=COLORS[row.state.tone])
    if row.reason:
        return [*whom, *(Text(DASH) for _ in range(4)), state]
    for more in (row.also.word if row.also else "", row.expected, row.seen.replace("could have seen", "could see")):
        if more:
            state.append(f"\n{more}", style="yellow" if more == row.expected else "bright_black")
    lift = Text(f"{row.lift} {row.interval}" if wide else f"{row.lift}\n{row.interval}")
    return [*whom, Text(row.control), Text(row.treatment), lift, Text(row.p), state]
