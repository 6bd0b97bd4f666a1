"""YAML text into nodes: the 1.2 core schema, and nothing that surprises.

`NO` is Norway, `off` is a word, a timestamp stays text. Refused with file and line: a key that
stands twice, tags, merge keys, NaN and infinity, and whatever would grow beyond bounds (an alias
that repeats a list that repeats a list is a kilobyte in the file and a gigabyte in memory).

We read the parser's events rather than its nodes: its composer recurses, ours counts.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from twyman.definitions.node import Entry, Listing, Mapped, Node, Plain, Scalar
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place

MAX_BYTES = 1 << 20
"""A definition file is written by a person; a mebibyte is a novel."""

MAX_NODES = 50_000
"""Nodes of a file, aliases counted as often as they stand."""

MAX_DEPTH = 50

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUTH = {word: truth for truth in (True, False) for word in (f"{truth}", f"{truth}".lower(), f"{truth}".upper())}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TEXT_TAG = "tag:yaml.org,2002:str"
_MAX_DIGITS = 18


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
    """Cached by content, since a server or a notebook reads the same files over and over."""
    composer = _Composer(file)
    try:
        for event in _events(text):
            composer.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, 1 if mark is None else mark.line + 1)
        raise Invalid(_syntax_message(error), place=place) from None
    except (YAMLError, ValueError, AssertionError, IndexError, AttributeError, TypeError, KeyError) as error:
        # The parser's own slips on garbage; a reader's error knows its position only in words.
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Invalid(f"file isn't YAML ({what}): correct this place", place=Place(file, line)) from None
    return tuple(composer.documents)


def _events(text: str) -> Iterator[Event]:
    return YAML(typ="safe", pure=True).parse(text)  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]


def _syntax_message(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "it can't be read").strip()
    if "'\\t'" in problem:
        return "line is indented with a tab, and YAML knows spaces only: indent it with spaces"
    while_ = f" {error.context}," if error.context and error.problem else ""
    return f"text isn't YAML:{while_} {problem}: correct the syntax here or on the line before"


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    is_mapping: bool
    line: int
    anchor: str | None
    items: list[Node] = field(default_factory=list[Node])
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: tuple[str, int] | None = None
    nodes: int = 1


@dataclass(slots=True)
class _Composer:
    """Builds nodes of events, counting."""

    file: str
    documents: list[Node] = field(default_factory=list[Node])
    stack: list[_Open] = field(default_factory=list[_Open])
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict[str, tuple[Node, int]])
    nodes: int = 0

    def take(self, event: Event) -> None:
        match event:
            case ScalarEvent():
                self._place(self._scalar(event), event.anchor, 1, event)
            case SequenceStartEvent() | MappingStartEvent():
                self._open(event)
            case SequenceEndEvent() | MappingEndEvent():
                self._close(event)
            case AliasEvent():
                self._alias(event)
            case DocumentEndEvent():
                self.anchors.clear()
            case _:
                return

    def refuse(self, line: int, message: str) -> Invalid:
        return Invalid(message, place=Place(self.file, line))

    def _scalar(self, event: ScalarEvent) -> Scalar:
        line, text = _line(event), str(event.value)
        self._check_tag(event.tag, line)
        if event.tag or event.style:  # quoted, a block, or said to be text
            return Scalar(text, text, line)
        return Scalar(self._core(text, line), text, line)

    def _core(self, text: str, line: int) -> Plain:
        if _NULL.fullmatch(text):
            return None
        if text in _TRUTH:
            return _TRUTH[text]
        if _NO_NUMBER.fullmatch(text):
            raise self.refuse(line, f"number {text} is none that can be reckoned with: write a finite number")
        return self._number(text, line)

    def _number(self, text: str, line: int) -> Plain:
        if not (_FLOAT.fullmatch(text) or _OTHER_BASE.fullmatch(text)):
            return text
        whole = _INTEGER.fullmatch(text) or _OTHER_BASE.fullmatch(text)
        if whole and len(text.lstrip("+-")) > _MAX_DIGITS:
            raise self.refuse(line, f"number {text[:20]} has more than {_MAX_DIGITS} digits: quote it, if it is an id")
        if _OTHER_BASE.fullmatch(text):
            return int(text, 0)
        number = int(text) if whole else float(text)
        if math.isinf(number):
            raise self.refuse(line, f"number {text[:20]} is too large to be reckoned with: write a smaller one")
        return number

    def _check_tag(self, tag: object, line: int) -> None:
        if tag is not None and str(tag) != _TEXT_TAG:
            raise self.refuse(line, f"tag {tag} isn't read, since a definition is plain data: leave it out")

    def _open(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        line = _line(event)
        self._check_tag(event.tag, line)
        if len(self.stack) >= MAX_DEPTH:
            raise self.refuse(
                line, f"file nests deeper than {MAX_DEPTH} levels, as no definition does: write it flatter"
            )
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        self.stack.append(_Open(isinstance(event, MappingStartEvent), line, event.anchor))

    def _close(self, event: Event) -> None:
        done = self.stack.pop()
        node: Node = (
            Mapped(tuple(done.entries.values()), done.line)
            if done.is_mapping
            else Listing(tuple(done.items), done.line)
        )
        self._place(node, done.anchor, done.nodes, event)

    def _alias(self, event: AliasEvent) -> None:
        line, name = _line(event), str(event.anchor)
        if any(outer.anchor == name for outer in self.stack):
            raise self.refuse(line, f"alias *{name} stands inside what it repeats, which would never end: write it out")
        if name not in self.anchors:
            raise self.refuse(line, f"alias *{name} has no anchor &{name} before it: write it out, or add the anchor")
        node, size = self.anchors[name]
        self.nodes += size - 1
        self._place(node, None, size, event)

    def _place(self, node: Node, anchor: str | None, size: int, event: Event) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.refuse(
                _line(event), f"file holds more than {MAX_NODES:,} values once aliases are written out: split it"
            )
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            self.documents.append(node)
            return
        holder = self.stack[-1]
        holder.nodes += size
        if not holder.is_mapping:
            holder.items.append(node)
        elif holder.key is None:
            holder.key = self._key(node, holder, _line(event))
        else:
            key, line = holder.key
            holder.entries[key], holder.key = Entry(key, line, node), None

    def _key(self, node: Node, holder: _Open, line: int) -> tuple[str, int]:
        if not isinstance(node, Scalar) or not node.text:
            raise self.refuse(line, "key isn't a word, and keys are: write one word before the colon")
        if node.text == "<<":
            raise self.refuse(line, "merge key << isn't read, since YAML 1.2 has none: write the keys out")
        if node.text in holder.entries:
            first = Place(self.file, holder.entries[node.text].line)
            raise self.refuse(
                line, f"key '{node.text}' stands twice, first at {first}, and only one can count: delete one of the two"
            )
        return node.text, line


def _line(event: Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else int(mark.line) + 1
