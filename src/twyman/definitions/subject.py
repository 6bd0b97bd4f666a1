"""A definition in hand: what it is called, where it stands, and what was found wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from twyman.kernel.errors import Invalid, TwymanError
from twyman.kernel.place import Origin, Place


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that isn't wrong, and that its author would want to know."""

    message: str
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


_A = TypeVar("_A")
_R = TypeVar("_R")


@dataclass(slots=True)
class Subject:
    """A definition that is being read; errors are collected, so that one run shows all of them.

    Attributes:
        label: As an error names it: `metric 'minutes_per_user'`.
    """

    label: str
    origin: Origin
    errors: list[TwymanError] = field(default_factory=list[TwymanError])
    remarks: list[Remark] = field(default_factory=list[Remark])

    def refuse(self, path: str, message: str) -> None:
        """Note an error at a part of the definition."""
        self.errors.append(Invalid(f"{self.label}: {message}", place=self.origin.at(path)))

    def remark(self, path: str, message: str) -> None:
        """Note what isn't wrong, at a part of the definition."""
        self.remarks.append(Remark(f"{self.label}: {message}", self.origin.at(path)))

    def adopt(self, path: str, error: TwymanError) -> None:
        """Note an error that somebody else raised; where it has no place, it is given this part's."""
        named = f"{self.label}, {path}" if path else self.label
        message = error.message if error.place else f"{named}: {error.message}"
        self.errors.append(Invalid(message, place=error.place or self.origin.at(path)))

    def attempt(self, path: str, read: Callable[[_A], _R], value: _A, otherwise: _R) -> _R:
        """Read a term; where it can't be read, note why at its place and go on with another value."""
        try:
            return read(value)
        except TwymanError as error:
            self.adopt(path, error)
            return otherwise
