"""The box: how long, how large and how deep a text of a definition may be, and of which pieces it is made.

A text is read once, as a tree; what isn't on the lists here is refused, whatever it would do. So a new form of
the language, or of an engine, is outside until somebody has looked at it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.language.functions import called
from twyman.warehouse.language.syntax import DIALECT


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a text may hold.

    Attributes:
        characters: Of the text.
        nodes: Of its tree.
        depth: Levels of its tree.
    """

    characters: int
    nodes: int
    depth: int = 128


NESTED = 20
"""Brackets, lists and cases inside each other: the parser goes down a dozen calls for each."""
CHAINED = 200
"""Calls and indices that follow one another, as in a[1][2]: reading them takes the square of their number."""
ATTEMPTS = 5
"""Parts that the parser may make for each that a tree may have: at each level of some texts it tries two ways."""
SHOWN = 200
"""Characters of a text that a message repeats."""

_Kinds = tuple[type[exp.Expr], ...]

VALUES: _Kinds = (
    exp.Literal, exp.Boolean, exp.Null, exp.Column, exp.Identifier, exp.Paren, exp.Interval, exp.Var, exp.Array,
    exp.Struct, exp.PropertyEQ, exp.JSONPath, exp.JSONPathPart, exp.Lambda,
)  # fmt: skip
OPERATORS: _Kinds = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Neg, exp.DPipe, exp.And, exp.Or, exp.Not,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between,
    exp.Like, exp.ILike, exp.Escape, exp.SimilarTo, exp.RegexpLike, exp.RegexpFullMatch, exp.BitwiseAnd, exp.BitwiseOr,
    exp.BitwiseXor, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.AtTimeZone, exp.Dot,
    exp.Bracket, exp.Slice, exp.JSONExtract, exp.JSONExtractScalar, exp.ArrayContainsAll, exp.ArrayOverlaps,
)  # fmt: skip
"""What a value may be made of, beside the functions of the table."""

_PLAIN = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "INT128", "UTINYINT", "USMALLINT", "UINT", "UBIGINT", "UINT128",
    "FLOAT", "DOUBLE", "DECIMAL", "TEXT", "VARCHAR", "CHAR", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S",
    "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPNTZ", "TIMETZ", "INTERVAL", "JSON", "UUID",
)  # fmt: skip
COMMANDS: _Kinds = (
    exp.Command, exp.DDL, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Drop, exp.Alter, exp.Attach, exp.Detach,
    exp.Pragma, exp.Copy, exp.Set, exp.Use, exp.Transaction, exp.Commit, exp.Rollback, exp.Kill, exp.Describe, exp.Show,
    exp.Summarize, exp.Install, exp.Analyze, exp.TruncateTable, exp.Export, exp.Execute,
)  # fmt: skip
"""What does something. (A SELECT is of kind DDL to the parser, and isn't meant.)"""
MOVING: _Kinds = (
    exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Localtime, exp.Localtimestamp,
    exp.Rand, exp.Randn, exp.Uuid, exp.TableSample,
)  # fmt: skip


def statements(text: str, limits: Limits) -> list[exp.Expr]:
    """Return the statements of a text, with neither comments nor more of anything than may be.

    Raises:
        ValueError: If it can't be read, or is too long, too large or too deep; its words say which.
    """
    _refuse_odd(text, limits)
    try:
        tokens = DIALECT.tokenize(text)
        if any(token.token_type in DIALECT.tokenizer_class.COMMANDS for token in tokens):
            raise ValueError("is a command, and a definition only reads: leave it out")
        _refuse_nested(_words(tokens))
        _refuse_chained([*_words(tokens)])
        parser = DIALECT.parser(max_nodes=ATTEMPTS * limits.nodes)
        found = [one for one in parser.parse(tokens, text) if one is not None and not isinstance(one, exp.Semicolon)]
        for one in found:
            refuse_large(one, limits)
            _refuse_unfinished(one)
            _refuse_nested(_words(DIALECT.tokenize(one.sql(DIALECT))))  # a::int is printed as cast(a as int)
    except SqlglotError as error:
        raise ValueError(_unread(error)) from error
    except (AttributeError, IndexError, KeyError, TypeError) as error:  # the parser trips over some texts
        raise ValueError("can't be read: correct it") from error
    except RecursionError as error:
        raise ValueError("nests too deep to be read: write it flatter") from error
    for one in found:
        for node in one.walk():
            node.comments = None
    return found


def _refuse_unfinished(tree: exp.Expr) -> None:
    """Refuse a tree with a piece missing, which the parser lets pass: it would be printed as something else."""
    if any(node.error_messages() for node in tree.walk()):
        raise ValueError("can't be read, since a part of it is missing: correct it")


def _refuse_odd(text: str, limits: Limits) -> None:
    if len(text) > limits.characters:
        raise ValueError(f"has {len(text):,} characters, and may have {limits.characters:,}: shorten it")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds a character that is no text, which an engine may take for the end: leave it out")


def _unread(error: SqlglotError) -> str:
    """Say where a text stops being SQL, and what to do."""
    first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    if "Maximum number" in str(first.get("description")):
        return "nests in a way that can be read in too many ways: write it flatter, each join with its ON"
    where = f"line {first['line']}, column {first['col']}" if first.get("line") else "its end"
    near = f", near '{first['highlight']}'" if first.get("highlight") else ""
    return f"can't be read at {where}{near}: correct it"


def shown(text: str) -> str:
    """Return a text as a message repeats it: its beginning, where it is long.

    Example:
        >>> shown("x > 1"), shown("x" * 1000)[-5:]
        ('x > 1', 'xxxx…')
    """
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def refuse_large(tree: exp.Expr, limits: Limits) -> None:
    """Refuse a tree with too many parts or levels.

    Raises:
        ValueError: If it has; its words say which.
    """
    count, rest = 0, [(tree, 1)]
    while rest:
        node, depth = rest.pop()
        count += 1
        if depth > limits.depth:
            raise ValueError(f"is more than {limits.depth} levels deep: write it flatter, or x in (…) for many values")
        if count > limits.nodes:
            raise ValueError(
                f"has more than {limits.nodes:,} parts: shorten it, or prepare the column in the warehouse"
            )
        rest.extend((child, depth + 1) for child in node.iter_expressions())


def is_plain(node: exp.Expr) -> bool:
    """Say whether a node is a piece that values are made of, as it stands there.

    Example:
        >>> is_plain(DIALECT.parse("a + 1")[0]), is_plain(DIALECT.parse("cast(a as regclass)")[0].args["to"])
        (True, False)
    """
    if isinstance(node, exp.DataType):
        return _is_plain_type(node)
    if isinstance(node, exp.Dot):
        return isinstance(node.expression, exp.Identifier)
    if isinstance(node, exp.Column):  # a.3 is read as a column called 3, without being a name
        return all(isinstance(part, exp.Identifier | exp.Star) for part in node.parts)
    return isinstance(node, (*VALUES, *OPERATORS)) and not (isinstance(node, exp.Cast) and node.args.get("default"))


def growth(tree: exp.Expr) -> float:
    """Return a bound on how many times longer than its row's texts a text becomes, by replacing in what was replaced.

    Example:
        >>> growth(DIALECT.parse("replace(replace(s, 'a', 'aaaa'), 'a', 'aaaa')")[0])
        16.0
    """
    most: dict[int, float] = {}
    for node in reversed(list(tree.walk(bfs=True))):
        below = max((most[id(child)] for child in node.iter_expressions()), default=1.0)
        most[id(node)] = below * _factor(node)
    return most[id(tree)]


def _factor(node: exp.Expr) -> float:
    if not isinstance(node, exp.Replace | exp.RegexpReplace):
        return 1.0
    new, old = node.args.get("replacement"), node.expression
    if not isinstance(new, exp.Literal):
        return 1.0 if new is None else 100.0
    shortest = len(old.name) if isinstance(node, exp.Replace) and isinstance(old, exp.Literal) else 1
    return max(1.0, (len(new.name) + isinstance(node, exp.RegexpReplace)) / max(1, shortest))


def refuse_growing(tree: exp.Expr, what: str, place: Place | None) -> None:
    """Refuse a tree that makes a text ten thousand times longer.

    Raises:
        Invalid: If it does.
    """
    if growth(tree) > 10_000:
        raise Invalid(f"{what} replaces in what it replaced, and could fill memory: replace once", place=place)


def _is_plain_type(kind: exp.DataType) -> bool:
    name = kind.this.name if isinstance(kind.this, exp.DType) else ""
    if name in ("ARRAY", "LIST"):
        inner = kind.expressions
        return not kind.args.get("values") and len(inner) == 1 and _is_plain_type(inner[0])
    return name in _PLAIN


_OPENING, _CLOSING = ("(", "[", "{", "CASE"), (")", "]", "}", "END")


def _words(tokens: Iterable[Any]) -> Iterator[str]:
    return (one.text.upper() for one in tokens if one.token_type.name not in ("STRING", "IDENTIFIER"))


def _refuse_nested(words: Iterable[str]) -> None:
    depth = 0
    for word in words:
        depth += (word in _OPENING) - (word in _CLOSING)
        if depth > NESTED:
            raise ValueError(f"nests more than {NESTED} brackets or cases: write it flatter")


def _refuse_chained(words: list[str]) -> None:
    """Refuse a[1][1][1]… and a.f().f()…: the parser goes back to the beginning of a chain at every link."""
    links = sum(one in (")", "]") and other in ("[", ".") for one, other in pairwise(words))
    if links > CHAINED:
        raise ValueError(f"chains more than {CHAINED} calls or indices to one another: write it flatter")


def what_is(node: exp.Expr) -> str:
    """Name a piece for a message, by what it is called or by its kind.

    Example:
        >>> what_is(DIALECT.parse("a collate b")[0])
        'collate()'
    """
    if isinstance(node, exp.DataType):
        return f"type {node.sql(DIALECT)}"
    name = called(node)
    return f"{name}()" if name else node.key.upper()


Reasons = Mapping[_Kinds, str]
"""What is said of kinds of nodes, in order."""
