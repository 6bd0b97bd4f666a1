"""YAML text into nodes: the 1.2 core schema, and nothing that surprises.

Refused with file and line: a key that stands twice, tags, merge keys, numbers that aren't finite, half
characters, and whatever would grow beyond bounds (an alias that repeats a list that repeats a list is a
kilobyte in the file and a gigabyte in memory).

We read the parser's events rather than its nodes: its composer recurses, ours counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from twyman.definitions.core_schema import core
from twyman.definitions.node import Entry, Listing, Mapped, Node, Scalar
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place

MAX_BYTES = 1 << 20
"""A definition file is written by a person; a mebibyte is a novel."""

MAX_NODES = 50_000
"""Values of a file, aliases counted as often as they stand."""

MAX_DEPTH = 50

_TEXT_TAG = "tag:yaml.org,2002:str"
_HALF = re.compile("[\ud800-\udfff]")


def yaml_documents(data: bytes, file: str) -> tuple[Node, ...]:
    """Read all documents of a file.

    Args:
        data: The file's bytes.
        file: Its name, for errors.

    Raises:
        Invalid: If it isn't YAML, or isn't YAML as this module takes it.

    Example:
        >>> yaml_documents(b"country: NO", "a.yaml")[0].text("country")
        'NO'
    """
    if len(data) > MAX_BYTES:
        raise Invalid(
            f"file is larger than {MAX_BYTES // 1024} KiB, and definitions are written by hand: split it",
            place=Place(file, 1),
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Invalid(
            f"byte {data[error.start]:#04x} isn't UTF-8, the only encoding of definitions: save the file as UTF-8",
            place=Place(file, line),
        ) from None
    return _documents(text, file)


@lru_cache(maxsize=1024)
def _documents(text: str, file: str) -> tuple[Node, ...]:
    """Read a text; kept by content, since a notebook or a server reads the same files over and over."""
    composer = _Composer(file)
    try:
        for event in _events(text):
            composer.take(event)
    except MarkedYAMLError as error:
        raise _not_yaml(error, file) from None
    except (YAMLError, ValueError, AssertionError, LookupError, AttributeError, TypeError) as error:
        # The parser's own slips on garbage; and its reader, which knows a position and no line.
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise Invalid(f"file isn't YAML ({what}): correct this place", place=Place(file, line)) from None
    return tuple(composer.documents)


def _not_yaml(marked: MarkedYAMLError, file: str) -> Invalid:
    error = cast("Any", marked)
    mark = error.problem_mark or error.context_mark
    place = Place(file, 1 if mark is None else mark.line + 1)
    problem = str(error.problem or error.context or "it can't be read").strip()
    if "'\\t'" in problem:
        return Invalid("line is indented with a tab, and YAML knows spaces only: indent with spaces", place=place)
    around = f" {error.context}," if error.context and error.problem else ""
    return Invalid(f"text isn't YAML:{around} {problem}: correct the syntax here or on the line before", place=place)


class _What(Enum):
    SCALAR = auto()
    LIST = auto()
    MAPPING = auto()
    END = auto()
    ALIAS = auto()
    DOCUMENT_END = auto()


_WHAT: dict[type, _What] = {
    ScalarEvent: _What.SCALAR,
    SequenceStartEvent: _What.LIST,
    MappingStartEvent: _What.MAPPING,
    SequenceEndEvent: _What.END,
    MappingEndEvent: _What.END,
    AliasEvent: _What.ALIAS,
    DocumentEndEvent: _What.DOCUMENT_END,
}


@dataclass(frozen=True, slots=True)
class _Event:
    """What the parser saw, as much of it as we use; `plain` is a scalar without quotes or tag."""

    what: _What
    line: int
    text: str = ""
    plain: bool = False
    anchor: str | None = None
    tag: str | None = None


def _events(text: str) -> Iterator[_Event]:
    for event in cast("Iterator[Any]", YAML(typ="safe", pure=True).parse(text)):  # pyright: ignore[reportUnknownMemberType]
        what = _WHAT.get(event.__class__)
        if what is None:
            continue
        mark = event.start_mark
        tag = getattr(event, "tag", None)
        yield _Event(
            what=what,
            line=1 if mark is None else mark.line + 1,
            text=str(getattr(event, "value", "")),
            plain=not (tag or getattr(event, "style", None)),
            anchor=getattr(event, "anchor", None),
            tag=None if tag is None else str(tag),
        )


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read, and how many values it holds so far."""

    is_mapping: bool
    line: int
    anchor: str | None
    items: list[Node] = field(default_factory=list[Node])
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: tuple[str, int] | None = None
    nodes: int = 1

    def node(self) -> Node:
        if self.is_mapping:
            return Mapped(tuple(self.entries.values()), self.line)
        return Listing(tuple(self.items), self.line)


@dataclass(slots=True)
class _Composer:
    """Builds nodes of events, counting."""

    file: str
    documents: list[Node] = field(default_factory=list[Node])
    stack: list[_Open] = field(default_factory=list[_Open])
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict[str, tuple[Node, int]])
    nodes: int = 0

    def take(self, event: _Event) -> None:
        self._check_tag(event)
        match event.what:
            case _What.SCALAR:
                self._place(self._scalar(event), event.anchor, 1, event.line)
            case _What.LIST | _What.MAPPING:
                self._open(event)
            case _What.END:
                done = self.stack.pop()
                self._place(done.node(), done.anchor, done.nodes, event.line)
            case _What.ALIAS:
                self._alias(event)
            case _What.DOCUMENT_END:
                self.anchors.clear()

    def _refusal(self, line: int, message: str) -> Invalid:
        return Invalid(message, place=Place(self.file, line))

    def _check_tag(self, event: _Event) -> None:
        if event.tag not in (None, _TEXT_TAG):
            raise self._refusal(
                event.line, f"tag {event.tag} isn't read, since a definition is plain data: leave it out"
            )

    def _scalar(self, event: _Event) -> Scalar:
        if _HALF.search(event.text):
            raise self._refusal(event.line, "text holds half a character (a lone surrogate): write the whole one")
        if not event.plain:
            return Scalar(event.text, event.text, event.line)
        try:
            return Scalar(core(event.text), event.text, event.line)
        except Invalid as error:
            raise self._refusal(event.line, error.message) from None

    def _open(self, event: _Event) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self._refusal(
                event.line, f"file nests deeper than {MAX_DEPTH} levels, as no definition does: write it flatter"
            )
        self.stack.append(_Open(event.what is _What.MAPPING, event.line, event.anchor))

    def _alias(self, event: _Event) -> None:
        name = event.anchor or ""
        if any(outer.anchor == name for outer in self.stack):
            raise self._refusal(
                event.line, f"alias *{name} stands inside what it repeats, which would never end: write it out"
            )
        if name not in self.anchors:
            raise self._refusal(event.line, f"alias *{name} has no anchor &{name} before it: write its value out")
        node, size = self.anchors[name]
        self.nodes += size - 1
        self._place(node, None, size, event.line)

    def _place(self, node: Node, anchor: str | None, size: int, line: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self._refusal(
                line, f"file holds more than {MAX_NODES:,} values, counting what aliases repeat: split it"
            )
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if self.stack:
            self._into(self.stack[-1], node, size, line)
        else:
            self.documents.append(node)

    def _into(self, holder: _Open, node: Node, size: int, line: int) -> None:
        holder.nodes += size
        if not holder.is_mapping:
            holder.items.append(node)
        elif holder.key is None:
            holder.key = self._key(node, holder, line)
        else:
            key, at = holder.key
            holder.entries[key], holder.key = Entry(key, at, node), None

    def _key(self, node: Node, holder: _Open, line: int) -> tuple[str, int]:
        if not isinstance(node, Scalar) or not node.text:
            raise self._refusal(line, "key isn't a word, and every key is: write one word before the colon")
        if node.text == "<<":
            raise self._refusal(line, "merge key << isn't read, since YAML 1.2 has none: write the keys out")
        if node.text in holder.entries:
            first = holder.entries[node.text].line
            raise self._refusal(
                line,
                f"key '{node.text}' stands twice, first on line {first}, and only one can count: delete one of them",
            )
        return node.text, line
