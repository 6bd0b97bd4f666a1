"""Values that attributes are compared with: which text is a version, which a time, and which only a text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from twyman.definitions.criterion_documents import OperandDocument
from twyman.definitions.node import Listing, Mapped, Node, Scalar
from twyman.definitions.subject import Subject
from twyman.definitions.terms import moment
from twyman.flags.criteria.reading import as_version, comparable
from twyman.flags.targeting import Range, Time, Version
from twyman.kernel.errors import Invalid
from twyman.kernel.time import instant_text

Value = str | bool | int | float | Version | Time
Written = str | bool | int | float | OperandDocument

_VERSION = re.compile(r"\d+(?:\.\d+){1,3}(?:[-+][0-9A-Za-z.+-]+)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operands:
    """Reads operands of one definition.

    Attributes:
        zone: Zone in which dates and zoneless times are read.
    """

    subject: Subject
    zone: str = "UTC"

    def value(self, written: Written, path: str) -> Value:
        """Read an operand as it stands, or as it says it is."""
        if not isinstance(written, OperandDocument):
            return written
        said = {
            key: each for key in ("version", "time", "text", "number") if (each := getattr(written, key)) is not None
        }
        if len(said) != 1:
            self.subject.refuse(path, f"'{path}' needs one type: write {{version: 5.2.0}}, or time, text, number")
            return ""
        ((key, each),) = said.items()
        read = {"version": self._version, "time": self._time}.get(key)
        return self.subject.attempt(path, read, each, "") if read else each

    def bound(self, written: Written, path: str) -> Value:
        """Read a bound: text of dotted numbers is a version, a date or time is one, other text is text."""
        if isinstance(written, bool):
            self.subject.refuse(path, f"'{path}' is a truth, and nothing lies above or below one: use is")
            return 0
        if not isinstance(written, str):
            return self.value(written, path)
        if _VERSION.fullmatch(written):
            return self.subject.attempt(path, self._version, written, "")
        return self.subject.attempt(path, self._time, written, "") if _TIME.fullmatch(written) else written

    def _version(self, text: str) -> Value:
        if as_version(text) is None:
            raise Invalid(f"version {text!r} isn't one to four dotted numbers: write one such as 5.2.0 or 5.2.0-rc.1")
        return Version(text)

    def _time(self, text: str) -> Value:
        return Time(instant_text(moment(text, self.zone)))

    def range_of(self, bounds: dict[str, Written], path: str) -> Range | None:
        """Make the one range of some bounds; `None` where they don't go together."""
        read = {key: self.bound(each, f"{path}.{key}") for key, each in bounds.items()}
        for one, other in (("above", "at_least"), ("below", "at_most")):
            if one in read and other in read:
                self.subject.refuse(f"{path}.{other}", f"'{one}' and '{other}' bound the same side: keep one")
                return None
        start = read.get("above", read.get("at_least"))
        end = read.get("below", read.get("at_most"))
        made = Range(start, end, start_in="above" not in read, end_in="at_most" in read)
        return made if self._is_sound(made, path) else None

    def between(self, written: list[Written], path: str) -> Range | None:
        """Make a range whose two bounds are in."""
        if len(written) != 2:
            self.subject.refuse(path, f"'{path}' has {len(written)} values, and lies between two: write [1, 5]")
            return None
        start, end = (self.bound(each, f"{path}.{place}") for place, each in enumerate(written))
        made = Range(start, end, end_in=True)
        return made if self._is_sound(made, path) else None

    def _is_sound(self, made: Range, path: str) -> bool:
        if made.start is None or made.end is None:
            return True
        if _kind(made.start) != _kind(made.end):
            self.subject.refuse(
                path,
                f"bounds of '{path}' are a {_kind(made.start)} and a {_kind(made.end)}: write both alike "
                '(a version is quoted, as in "5.2")',
            )
            return False
        start, end = cast("Any", comparable(made.start)), cast("Any", comparable(made.end))
        if start > end or (start == end and not (made.start_in and made.end_in)):
            self.subject.refuse(path, f"nothing lies within the bounds of '{path}': exchange them, or correct one")
            return False
        return True


def _kind(value: object) -> str:
    match value:
        case Version():
            return "version"
        case Time():
            return "time"
        case str():
            return "text"
        case _:
            return "number"


def decimals(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the decimal numbers among the operands of a criterion: where, and what stands there.

    YAML reads the versions 5.2 and 5.20 as one number, so that an attribute that holds a version must not
    be compared with one.
    """
    for path, scalar in _scalars(node, ""):
        if isinstance(scalar.value, float) and not path.endswith("number"):
            yield path, scalar.text


def _scalars(node: Node, path: str) -> Iterator[tuple[str, Scalar]]:
    match node:
        case Scalar():
            yield path, node
        case Listing(items):
            for place, item in enumerate(items):
                yield from _scalars(item, f"{path}.{place}")
        case Mapped(entries):
            for entry in entries:
                yield from _scalars(entry.node, f"{path}.{entry.key}")
