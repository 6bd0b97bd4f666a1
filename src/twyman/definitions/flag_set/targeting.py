"""`when:` into the targeting of segments and rules: criteria by attribute, and all, any, not over them.

An attribute may have any name but all, any and not; `segment` and `flag` are attributes where they hold tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from twyman.definitions.criterion_documents import CriterionDocument, ElementDocument, PrerequisiteDocument
from twyman.definitions.flag_set.operands import Operands, Value, Written, decimals
from twyman.definitions.node import Entry, Listing, Mapped, Node, Scalar
from twyman.definitions.reading import part
from twyman.definitions.subject import Subject
from twyman.flags.criteria.criterion import BrokenCriterion, pattern
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    EachOf,
    ElementTest,
    EndsWith,
    Exists,
    Expression,
    FlagIs,
    In,
    InSegment,
    Is,
    Matches,
    Not,
    Some,
    StartsWith,
    Test,
    Where,
)

_UNREAD = Broken("it couldn't be read")
_BOUNDS = ("above", "at_least", "below", "at_most")
_LOGIC = ("all", "any", "not")

Side = tuple[ElementTest, bool]
"""A test, and whether it must hold."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A segment, or a flag's variants, that a definition leans on.

    Attributes:
        variants: Of a flag: those of which it must serve one; empty for a segment.
    """

    name: str
    path: str
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Targeting:
    """Reads the `when:` of one definition.

    Attributes:
        references: Every segment and flag that was named; whether they are there is seen later.
    """

    subject: Subject
    zone: str = "UTC"
    references: list[Reference] = field(default_factory=list[Reference])

    def expression(self, node: Node, path: str) -> Expression:
        """Read an expression; what is wrong with it is noted with the subject."""
        if not isinstance(node, Mapped):
            said = "is a list" if isinstance(node, Listing) else f"'{node.text}' is a lone word"
            self.subject.refuse(
                path,
                f"'{path}' {said}, and criteria stand under attributes: write {{country: {{in: [NZ]}}}}, or all: […]",
            )
            return _UNREAD
        if not node.entries:
            self.subject.refuse(path, f"'{path}' says nothing: write a criterion, or leave it out for everybody")
            return _UNREAD
        parts = tuple(self._entry(entry, f"{path}.{entry.key}") for entry in node.entries)
        return parts[0] if len(parts) == 1 else All(parts)

    def _entry(self, entry: Entry, path: str) -> Expression:
        match entry.key, entry.node:
            case "not", _:
                return Not(self.expression(entry.node, path))
            case "all" | "any", Listing(items) if items:
                parts = tuple(self.expression(item, f"{path}.{place}") for place, item in enumerate(items))
                return All(parts) if entry.key == "all" else Some(parts)
            case "all" | "any", _:
                self.subject.refuse(path, f"'{path}' takes a list of criteria: write {entry.key}: [{{…}}, {{…}}]")
                return _UNREAD
            case "segment", Scalar():
                return self._segment(entry.node, path)
            case "flag", Mapped() if entry.node.get("name") is not None:
                return self._flag(entry.node, path)
            case _:
                return self._criterion(entry, path)

    def _segment(self, node: Scalar, path: str) -> Expression:
        if not isinstance(node.value, str):
            self.subject.refuse(path, f"'{path}' names no segment: write segment: and its name")
            return _UNREAD
        self.references.append(Reference(node.value, path))
        return InSegment(node.value)

    def _flag(self, node: Mapped, path: str) -> Expression:
        read = part(node, PrerequisiteDocument, self.subject, path)
        if read is None:
            return _UNREAD
        if (read.equal is None) == (read.among is None) or read.among == []:
            self.subject.refuse(path, f"'{path}' needs what the flag must serve: write is: and a variant, or in: […]")
            return _UNREAD
        variants = (read.equal,) if read.equal is not None else tuple(read.among or ())
        self.references.append(Reference(read.name, path, variants))
        return FlagIs(read.name, variants)

    def _criterion(self, entry: Entry, path: str) -> Expression:
        if not isinstance(entry.node, Mapped):
            self._refuse_bare(entry, path)
            return _UNREAD
        if entry.key.rpartition(".")[2].lower().endswith("version"):
            self._refuse_decimals(entry, path)
        read = part(entry.node, CriterionDocument, self.subject, path)
        if read is None:
            return _UNREAD
        before = len(self.subject.errors)
        made = tuple(_sided(Where(entry.key, test), held) for test, held in self._tests(read, path))
        if not made and len(self.subject.errors) == before:
            self.subject.refuse(path, f"'{path}' has no test: write one, such as is, in or at_least")
        return made[0] if len(made) == 1 else All(made)

    def _refuse_bare(self, entry: Entry, path: str) -> None:
        if isinstance(entry.node, Scalar):
            self.subject.refuse(path, f"'{path}' has no test: write {entry.key}: {{is: {entry.node.text}}}")
        else:
            self.subject.refuse(path, f"'{path}' is a list without a test: write {entry.key}: {{in: […]}}")

    def _refuse_decimals(self, entry: Entry, path: str) -> None:
        for below, text in decimals(entry.node):
            self.subject.refuse(
                f"{path}{below}",
                f"'{path}{below}' {text} is read as a number, and as a version 5.20 isn't 5.2: "
                f'quote it, as in "{text}", or say {{number: {text}}} if it is one',
            )

    def _tests(self, read: CriterionDocument, path: str) -> Iterator[tuple[Test, bool]]:
        own = [*self._own(read, path)]
        yield from own
        for key, each, whole in (("any_of", read.any_of, AnyOf), ("each_of", read.each_of, EachOf)):
            if each is not None:
                yield from self._of_elements(each, f"{path}.{key}", whole)

    def _of_elements(
        self, read: ElementDocument, path: str, whole: type[AnyOf] | type[EachOf]
    ) -> Iterator[tuple[Test, bool]]:
        """Yield what elements must meet: that some isn't among a list says that not every one is, and so on."""
        before = len(self.subject.errors)
        tests = [*self._own(read, path)]
        if not tests and len(self.subject.errors) == before:
            self.subject.refuse(path, f"'{path}' has no test for the elements: write one, such as in: […]")
        if whole is AnyOf and len(tests) > 1:
            self.subject.refuse(
                path, f"'{path}' has {len(tests)} tests, and one element need not meet them all: write one test"
            )
        other = EachOf if whole is AnyOf else AnyOf
        for test, held in tests:
            yield (whole(test), True) if held else (other(test), False)

    def _own(self, read: ElementDocument, path: str) -> Iterator[Side]:
        """Yield the tests of one value."""
        operands, fold = Operands(self.subject, self.zone), read.ignore_case
        tests = [*self._equalities(read, path, operands), *self._texts(read, path)]
        if fold and not tests:
            self.subject.refuse(
                f"{path}.ignore_case", f"'{path}.ignore_case' has no text test beside it to act on: leave it out"
            )
        yield from tests
        bounds = {key: each for key in _BOUNDS if (each := getattr(read, key)) is not None}
        if bounds and (made := operands.range_of(bounds, path)):
            yield made, True
        if read.between is not None and (made := operands.between([*read.between], f"{path}.between")):
            yield made, True
        if read.exists is not None:
            yield Exists(read.exists), True
        if read.is_null is not None:
            yield Exists(not read.is_null), True

    def _equalities(self, read: ElementDocument, path: str, operands: Operands) -> Iterator[Side]:
        fold = read.ignore_case
        if isinstance(read.equal, list):
            yield Is(tuple(self._values(read.equal, f"{path}.is", operands)), fold), True
        elif read.equal is not None:
            yield Is(operands.value(read.equal, f"{path}.is"), fold), True
        for key, each, held in (("in", read.among, True), ("not_in", read.not_among, False)):
            if each is not None:
                if not each:
                    self.subject.refuse(f"{path}.{key}", f"'{path}.{key}' holds no value: write some")
                yield In(tuple(self._values(each, f"{path}.{key}", operands)), fold), held

    def _values(self, written: list[Written], path: str, operands: Operands) -> Iterator[Value]:
        for place, each in enumerate(written):
            yield operands.value(each, f"{path}.{place}")

    def _texts(self, read: ElementDocument, path: str) -> Iterator[Side]:
        fold = read.ignore_case
        for key, kind in (("starts_with", StartsWith), ("ends_with", EndsWith), ("contains", Contains)):
            text: str | None = getattr(read, key)
            if text is not None:
                if not text:
                    self.subject.refuse(
                        f"{path}.{key}", f"'{path}.{key}' is empty, and every text has that: write some"
                    )
                yield kind(text, fold), True
        if read.matches is not None:
            try:
                pattern(read.matches, ignore_case=fold)
            except BrokenCriterion as error:
                self.subject.refuse(f"{path}.matches", f"{error}: correct it (RE2 knows no look-around, nor \\1)")
            yield Matches(read.matches, fold), True


def _sided(where: Where, held: bool) -> Expression:  # noqa: FBT001 - the other half of a side
    return where if held else Not(where)
