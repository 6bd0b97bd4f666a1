"""Documents of contexts into the values that are drawn from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from twyman.cohorts.distribution import LARGEST, SIZE, Between, Choice, Contexts, Days, Distribution, Draw, Given, Value
from twyman.definitions.context_documents import ContextsDocument, DrawDocument
from twyman.definitions.core_schema import core
from twyman.definitions.subject import Subject
from twyman.definitions.terms import share
from twyman.kernel.errors import Invalid, nearest

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
OTHERWISE = "otherwise"
"""The case of a dependent attribute that stands for all values without one."""


def contexts(document: ContextsDocument, subject: Subject) -> Contexts:
    """Make contexts of their document; what is wrong with them is noted with the subject."""
    if (document.table is None) == (document.draw is None):
        has = "both a table and a draw" if document.table else "neither a table nor a draw"
        subject.refuse("", f"it has {has}, and contexts come from one place: write table: FILE, or draw: with shares")
    return Contexts(
        name=document.name,
        table=document.table or "",
        draw=_draw(document.draw or DrawDocument(), subject),
        market=document.market or "country",
        is_new=document.is_new or "is_new",
        origin=subject.origin,
    )


def _draw(document: DrawDocument, subject: Subject) -> Draw:
    size = SIZE if document.size is None else document.size
    if not 0 < size <= LARGEST:
        cure = f"write at most {LARGEST:,}; {SIZE:,} are enough for most"
        subject.refuse("draw.size", f"size {size:,} isn't between 1 and {LARGEST:,}: {cure}")
    if document.seed < 0:
        subject.refuse("draw.seed", f"seed {document.seed} is below 0: write a whole number from 0 on")
    written = document.attributes or {}
    reader = _Reader(subject)
    read = {name: reader.distribution(f"draw.attributes.{name}", each) for name, each in written.items()}
    made = {name: each for name, each in read.items() if each is not None}
    return Draw(size, document.seed, dict(_ordered(made, subject)))


@dataclass(frozen=True, slots=True)
class _Reader:
    subject: Subject

    def distribution(self, path: str, written: object) -> Distribution | None:
        if not isinstance(written, Mapping) or not written:
            self.subject.refuse(path, "it isn't shares by value: write {NZ: 1%, US: 99%}, or {between: [0, 10]}")
            return None
        said = cast("Mapping[str, object]", written)
        if "given" in said:
            return self._given(path, said)
        if "between" in said:
            return self._between(path, said)
        return self._choice(path, said)

    def _choice(self, path: str, said: Mapping[str, object]) -> Distribution | None:
        before = len(self.subject.errors)
        shares = [self._share(f"{path}.{value}", each) for value, each in said.items()]
        if len(self.subject.errors) == before and sum(shares) > 1 + 1e-9:
            self.subject.refuse(path, f"shares sum to {sum(shares):.6g}, and must sum to 1 at most: lower some")
        return Choice(tuple(_value(value) for value in said), tuple(shares))

    def _share(self, path: str, written: object) -> float:
        if isinstance(written, bool) or not isinstance(written, str | int | float):
            self.subject.refuse(path, f"share {written!r} isn't a number: write 5% or 0.05")
            return 0.0
        return self.subject.attempt(path, share, written, 0.0)

    def _between(self, path: str, said: Mapping[str, object]) -> Distribution | None:
        bounds = cast("list[object]", said["between"] if isinstance(said["between"], list) else [])
        try:
            if len(bounds) == 2 and len(said) == 1:
                return _range(*bounds)
        except ValueError:
            pass
        what = "isn't two numbers or two days, the smaller first"
        self.subject.refuse(f"{path}.between", f"between {said['between']!r} {what}: write {_turned(bounds)}")
        return None

    def _given(self, path: str, said: Mapping[str, object]) -> Distribution | None:
        cases, other = said.get("of"), said["given"]
        if not isinstance(cases, Mapping) or not isinstance(other, str) or set(said) != {"given", "of"}:
            self.subject.refuse(path, "it isn't given: an attribute, of: {a value of it: shares}: write both, no more")
            return None
        written = cast("Mapping[str, object]", cases)
        read = {value: self.distribution(f"{path}.of.{value}", each) for value, each in written.items()}
        made = {value: each for value, each in read.items() if each is not None}
        return Given(other, {value: each for value, each in made.items() if value != OTHERWISE}, made.get(OTHERWISE))


def _turned(bounds: list[object]) -> str:
    """Return what to write instead of bounds that nothing lies between: the same, if they only stand the wrong way."""
    try:
        low, high = reversed(bounds)
        _range(low, high)
    except ValueError:
        return "[0, 10]"
    return f"[{low}, {high}]"


def _range(low: object, high: object) -> Distribution:
    if isinstance(low, str) and isinstance(high, str) and _DAY.fullmatch(low) and _DAY.fullmatch(high):
        days = Days(date.fromisoformat(low), date.fromisoformat(high))
        if days.first <= days.last:
            return days
    elif _is_number(low) and _is_number(high):
        between = Between(cast("float", low), cast("float", high))
        if between.low <= between.high:
            return between
    raise ValueError(low, high)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(text: str) -> Value:
    """Return what a key means: keys have no types in YAML's text, so a number or a truth is what looks like one."""
    try:
        found = core(text)
    except Invalid:
        return text
    return text if found is None else found


def _ordered(made: Mapping[str, Distribution], subject: Subject) -> Iterable[tuple[str, Distribution]]:
    """Yield attributes so that each comes after those that it depends on."""
    done: set[str] = set()
    waiting = dict(made)
    while waiting:
        ready = [name for name, each in waiting.items() if _needs(each) <= done]
        if not ready:
            name, each = next(iter(waiting.items()))
            lacking = sorted(_needs(each) - done)[0]
            known = nearest(lacking, [other for other in made if other != name])
            why = "depends on itself" if lacking in made else f"isn't among the attributes: {known}"
            subject.refuse(f"draw.attributes.{name}", f"'{name}' is given '{lacking}', which {why}")
            return
        for name in ready:
            done.add(name)
            yield name, waiting.pop(name)


def _needs(distribution: Distribution) -> set[str]:
    if not isinstance(distribution, Given):
        return set()
    inner = [*distribution.cases.values(), *([distribution.otherwise] if distribution.otherwise else [])]
    return {distribution.attribute}.union(*(_needs(each) for each in inner))
