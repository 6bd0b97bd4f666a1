"""The values of a set, ordered by how an attribute is read to be compared with them: so that each is found at once.

`criterion` says what it is to equal one of them; this is for many values and long lists, whose number would multiply.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import cast

from twyman.flags.criteria.reading import as_number, as_text, as_time, as_truth, as_version
from twyman.flags.targeting import Operand, Time, Version


class ValueSet:
    """Operands of which none is a list.

    Numbers are found by order, not by hash: whole numbers of any size can be chosen to have one hash.

    Example:
        >>> "18" in ValueSet([18, "NZ"]), 18.0 in ValueSet(["18"]), True in ValueSet([1])
        (True, True, False)
    """

    def __init__(self, values: Iterable[Operand], *, ignore_case: bool = False) -> None:
        """Sort values; where `ignore_case` is set, texts are compared without regard to it."""
        known = list(values)
        self._fold = str.casefold if ignore_case else str.__str__
        self._null = any(value is None for value in known)
        self._texts = {self._fold(value) for value in known if isinstance(value, str)}
        self._truths = {value for value in known if isinstance(value, bool)}
        numbers = [value for value in known if isinstance(value, int | float) and not isinstance(value, bool)]
        self._numbers = sorted(value for value in numbers if value == value)  # noqa: PLR0124 - not a number equals nothing
        self._versions = {as_version(value.text) for value in known if isinstance(value, Version)} - {None}
        self._times = {as_time(value.text) for value in known if isinstance(value, Time)} - {None}

    def __contains__(self, value: object) -> bool:
        if value is None:
            return self._null
        return (
            (bool(self._texts) and self._has_text(as_text(value)))
            or (bool(self._numbers) and self._has_number(as_number(value)))
            or (bool(self._truths) and as_truth(value) in self._truths)
            or (bool(self._versions) and as_version(value) in self._versions)
            or (bool(self._times) and as_time(value) in self._times)
        )

    def _has_text(self, text: str | None) -> bool:
        return text is not None and self._fold(text) in self._texts

    def _has_number(self, number: float | None) -> bool:
        if number is None:
            return False
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and cast("object", self._numbers[place]) == number
