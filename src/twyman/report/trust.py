"""Which metrics can be trusted, as a person reads it, and as JSON."""

from io import StringIO
from shutil import get_terminal_size
from typing import Any

import msgspec
from msgspec import to_builtins
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from twyman.app.comparison import BY_CLUSTER
from twyman.app.trust import WORST_FIRST, Cause, Trust, Trusted
from twyman.report.inert import inert
from twyman.stats.false_alarms import FalseAlarms

WIDEST = 140
COLORS = {"trusted": "green", "inflated": "red", "conservative": "yellow"}


def text(found: Trusted, *, width: int | None = None) -> str:
    """Return a line a metric, worst first, and below it why and what to do."""
    found, out = inert(found), StringIO()
    columns = min(width or get_terminal_size((80, 24)).columns, WIDEST)
    console = Console(file=out, width=columns, color_system=None, highlight=False, markup=False, emoji=False)
    console.print(Text(_heading(found)))
    console.print()
    console.print(_table(found))
    for one in _worst_first(found):
        for said in _said(one, found):
            console.print(Padding(Text(said), (0, 0, 0, 2)))
    for name, why in found.untested.items():
        console.print(Text(f"{name}: not tested: {why}."))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _heading(found: Trusted) -> str:
    shares = "" if found.shares[0] == found.shares[1] else f" of {found.shares[0]:.0%} and {found.shares[1]:.0%}"
    of = f"{found.units:,} units"
    if found.groups != found.units:
        of = f"{of} of {found.groups:,} ids of {found.of}"
    return (
        f"{found.experiment}: {of} dealt to arms{shares} {found.runs:,} times by {found.of}, "
        f"in {found.buckets:,} buckets. Nothing differs, so tests are to reject {found.alpha:.1%}."
    )


def _worst_first(found: Trusted) -> list[Trust]:
    return sorted(found.metrics, key=lambda one: (WORST_FIRST.index(one.verdict), -one.alarms.rate))


def _table(found: Trusted) -> Table:
    looks = any(one.looks for one in found.metrics)
    table = Table(box=None, pad_edge=False, header_style="")
    for title in ("metric", "verdict", "rejects", "99 % band", *(("at any look", "by peeking") if looks else ())):
        table.add_column(title, overflow="fold", justify="left" if title in ("metric", "verdict") else "right")
    for one in _worst_first(found):
        row = [one.metric, _verdict(one), f"{one.alarms.rate:.1%}", _band(one.alarms)]
        if looks:
            row += [f"{one.looks.planned.rate:.1%}", f"{one.looks.peeking.rate:.1%}"] if one.looks else ["–", "–"]
        table.add_row(*row)
    return table


def _verdict(one: Trust) -> str:
    """Return the verdict, and at which look it was reached where another one's is better."""
    if one.looks is None or one.verdict_at == "both":
        return one.verdict
    return f"{one.verdict} at {'any look' if one.verdict_at == 'any look' else 'the last look'}"


def _band(alarms: FalseAlarms) -> str:
    return f"{alarms.lower:.1%} to {alarms.upper:.1%}"


def _said(one: Trust, found: Trusted) -> list[str]:
    said = list[str]()
    if one.units < found.units and not one.method.endswith(BY_CLUSTER):
        said.append(f"{one.metric}: of {one.units:,} units, as the others' windows aren't over or they have no value.")
    if one.reason:
        cause = f"{one.cause.value}: " if one.cause else ""
        cure = f"; {one.cure}" if one.cure else ""
        said.append(f"{one.metric}: {cause}{one.reason}{cure}.")
    looks = one.looks
    if looks and looks.planned.verdict == "inflated" and one.cause is not Cause.LOOKS:
        said.append(
            f"{one.metric}: over {looks.looks} looks the plan's bounds are crossed in {looks.planned.rate:.1%} "
            f"({_band(looks.planned)})."
        )
    return said


def document(found: Trusted) -> dict[str, Any]:
    """Return all of it as plain dictionaries and lists."""
    plain: dict[str, Any] = to_builtins(found)
    for one, each in zip(found.metrics, plain["metrics"], strict=True):
        each |= {"verdict": one.verdict, "verdict_at": one.verdict_at}
    return plain


def json_text(found: Trusted) -> str:
    """Return it as JSON, at full precision."""
    return msgspec.json.format(msgspec.json.encode(document(found)), indent=2).decode()
