"""`twyman analyze --explain` and `twyman sql`: the statements that would run, and what they would read."""

import argparse
import json
from typing import TYPE_CHECKING

from twyman.cli.exits import ANSWERED
from twyman.cli.output import deliver, ready
from twyman.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twyman.app.explain_sql import Explained


def explained(options: argparse.Namespace) -> int:
    """Show what `analyze` would run, what each statement is for and the bytes it would read, and run none of it.

    Args:
        options: What was typed.

    Raises:
        Invalid: If something is asked for that only an analysis has.
    """
    from twyman.wiring.explanation import explain  # noqa: PLC0415 - loads duckdb, which `--help` doesn't need

    for name, said in (("--all", options.all), ("--fail-on", options.fail_on), ("--format html", _html(options))):
        if said:
            raise Invalid(f"--explain shows the statements of one experiment and gives no verdict: leave out {name}")
    if options.output is not None:
        ready(options.output)
    made = explain(options.file, name=options.experiment, as_of=options.as_of)
    deliver(as_json(made) if options.format == "json" else as_text(made), options.output)
    return ANSWERED


def _html(options: argparse.Namespace) -> bool:
    return options.format == "html"


def as_text(statements: "Sequence[Explained]", *, costs: bool = True) -> str:
    """Return statements, each below comments that say what it is for, when it is asked, and what it reads.

    Args:
        statements: In the order in which they would run.
        costs: Whether to say what each reads.
    """
    count = len(statements)
    return "\n\n".join(
        "\n".join(_lines(one, f"{number} of {count}", costs=costs)) for number, one in enumerate(statements, start=1)
    )


def _lines(one: "Explained", number: str, *, costs: bool) -> "Iterator[str]":
    yield f"-- statement {number}: {one.purpose}"
    if one.only_if:
        yield f"-- asked only if {one.only_if}"
    if not one.sql:
        yield "-- it names a sealed experiment" if one.sealed else "-- its text depends on what is found"
        return
    if costs:
        yield f"-- {reading(one.reads)}"
    yield one.sql


def as_json(statements: "Sequence[Explained]") -> str:
    """Return statements as a JSON array; `sql` is null where it depends on what is found, or names what is sealed.

    Each is `{"purpose": ..., "asked_only_if": ... or null, "sql": ..., "reads_at_most": bytes or null}`.
    """
    listed = [
        {
            "purpose": one.purpose,
            "asked_only_if": one.only_if or None,
            "sql": one.sql or None,
            "reads_at_most": one.reads,
        }
        for one in statements
    ]
    return json.dumps(listed, indent=2, ensure_ascii=False)


def reading(size: int | None) -> str:
    """Say how many bytes a statement reads.

    Example:
        >>> reading(12_345_678), reading(None)
        ('reads at most 12.3 MB (12,345,678 bytes)', "the engine doesn't say how much it reads")
    """
    if size is None:
        return "the engine doesn't say how much it reads"
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"reads at most {size / unit:,.1f} {name} ({size:,} bytes)"
    return f"reads at most {size:,} bytes"
