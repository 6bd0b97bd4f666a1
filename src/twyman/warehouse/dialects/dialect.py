"""An engine's way of writing: which of its functions means what our words mean.

Statements are built once, as trees, in the words of the definitions' own dialect (`syntax`). A dialect is a
value: a table from our words to trees that the engine understands, and what the engine has no form for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Printer

Word = Callable[..., exp.Expr]
"""Makes the engine's tree for one of our words, of its arguments."""

Whole = Callable[[exp.Query], exp.Query]
"""Turns a part of the answer into one with two columns: `part`, and `answer`, its rows as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one engine writes.

    Attributes:
        name: Of the engine, as definitions call it.
        printer: Writes a tree as the engine's text.
        words: Trees by our word, in lower case; words left out are spelled there as here.
        nodes: Trees by kind of node, where the printer alone doesn't do.
        whole: For engines that stack parts of different columns only as JSON.
        staged: Whether named parts become temporary tables.
        shared: Whether only those do that are named more than once; others then stand where they are named.
        native: Whether a statement is written in our words already, and only `words` differ.
        filters: Whether an aggregate may have a FILTER.
        by_rows: Whether one pass for several questions is the cheapest, as where tables are kept by rows.
        longest_name: Bytes of the longest name; longer ones are shortened, and told apart by a digest.
        reserved: Words, in lower case, that are names only in quotes, beside those that the printer knows.
    """

    name: str
    printer: Printer
    words: Mapping[str, Word] = field(default_factory=dict[str, Word])
    nodes: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = field(
        default_factory=dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]]
    )
    whole: Whole | None = None
    staged: bool = False
    shared: bool = False
    native: bool = False
    filters: bool = True
    by_rows: bool = False
    longest_name: int | None = None
    reserved: frozenset[str] = frozenset()
