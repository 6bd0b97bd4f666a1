"""How the story is set: lines of a hundred columns, in a terminal or in a file."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from textwrap import wrap

WIDTH = 100


def paragraph(text: str, *, indent: int = 0, width: int = WIDTH) -> str:
    """Set a text in lines.

    Example:
        >>> print(paragraph("Any figure that looks interesting", indent=2, width=20))
          Any figure that
          looks interesting
    """
    room = " " * indent
    bound = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = wrap(bound, width, initial_indent=room, subsequent_indent=room, break_on_hyphens=False)
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def heading(text: str) -> str:
    """Set a heading.

    Example:
        >>> print(heading("Act one"))
        <BLANKLINE>
        Act one
        ───────
    """
    return f"\n{text}\n{'─' * len(text)}"


def columns(rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Set rows in columns, two blanks apart and as wide as they need.

    Args:
        rows: The cells of each.
        right: Columns that end on one line, as numbers do.

    Example:
        >>> print(columns([("a", "1", "x"), ("bc", "20", "y")], right=[1]))
          a    1  x
          bc  20  y
    """
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(f"  {_row(row, widths, right)}".rstrip() for row in table)


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    pairs = enumerate(zip(cells, widths, strict=True))
    return "  ".join(cell.rjust(width) if at in right else cell.ljust(width) for at, (cell, width) in pairs)


def day_text(at: datetime) -> str:
    """Write a day, and the hour where it isn't midnight.

    Example:
        >>> from datetime import UTC
        >>> day_text(datetime(2015, 4, 6, 0, 24, tzinfo=UTC)), day_text(datetime(2015, 5, 11, tzinfo=UTC))
        ('6 April 00:24', '11 May')
    """
    day = f"{at.day} {at:%B}"
    return day if (at.hour, at.minute) == (0, 0) else f"{day} {at:%H:%M}"
