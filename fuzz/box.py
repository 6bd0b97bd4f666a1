"""Texts of definitions: each is refused on purpose, or is a tree of nothing but what the lists allow.

The first byte says what a text is: an expression, the SELECT of a source, or a text inside either.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.laws import Broken

COLUMNS = ("a", "b", "at", "k'ey", 'q"uote')


def of_box(data: bytes) -> None:
    """Read a text as the definition that its first byte names."""
    written = data[1:].decode(errors="surrogateescape")
    kind = data[0] % 3 if data else 0
    if kind == 1:
        _source(written)
    else:
        _expression(written if kind == 0 else f"a = '{written}'")


def _expression(written: str) -> None:
    from sqlglot import exp  # noqa: PLC0415 - heavy

    from twyman.kernel.errors import Invalid  # noqa: PLC0415
    from twyman.warehouse.language import box, functions  # noqa: PLC0415
    from twyman.warehouse.language.expression import parsed  # noqa: PLC0415

    try:
        tree = parsed(written, columns=COLUMNS, table="t", place=None)
    except Invalid:
        return
    for node in tree.walk():
        if not box.is_plain(node) and not functions.is_known(node):
            raise Broken(f"{written!r} holds {node!r}")
    _check_printed(written, tree, exp.Expr, (exp.Query, *box.COMMANDS))


def _source(written: str) -> None:
    from sqlglot import exp  # noqa: PLC0415 - heavy

    from twyman.kernel.errors import Invalid  # noqa: PLC0415
    from twyman.warehouse.language import box  # noqa: PLC0415
    from twyman.warehouse.language.query import Reach, read_query  # noqa: PLC0415

    try:
        tree = read_query(written, Reach(_folder(), tuple), None)
    except Invalid:
        return
    _check_printed(written, tree, exp.Query, (exp.Into, *box.COMMANDS))


def _check_printed(written: str, tree: Any, kind: type, never: tuple[type, ...]) -> None:  # noqa: ANN401 - not loaded
    """What is printed is read again as one thing of the same kind."""
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    from twyman.warehouse.language.box import DIALECT  # noqa: PLC0415

    printed = tree.sql(DIALECT)
    try:
        again = DIALECT.parse(printed)
    except SqlglotError as error:
        raise Broken(f"{written!r} is printed as {printed!r}, which can't be read") from error
    if len(again) != 1 or not isinstance(again[0], kind) or again[0].find(*never):
        raise Broken(f"{written!r} is printed as {printed!r}")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="twyman-fuzz-"))
