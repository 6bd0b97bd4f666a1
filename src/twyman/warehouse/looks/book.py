"""Looks in a book beside the data, wherever an engine keeps books of our own."""

import msgspec

from twyman.app.ports import Look
from twyman.kernel.errors import Conflict, Unavailable
from twyman.warehouse.connector import Keeping
from twyman.warehouse.looks.folder import decoded, encoded

BOOK = "looks/{}"


class KeptLooks:
    """Fulfils `twyman.app.ports.LookBook` over a connector that keeps books.

    Args:
        keeping: Where the books are.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    def looks(self, experiment: str) -> tuple[Look, ...]:
        """Return the looks kept of this experiment, in order.

        Raises:
            Unavailable: If the books can't be read, or an entry is no look.
        """
        book = BOOK.format(experiment)
        return tuple(_read(book, number, document) for number, document in self._keeping.entries(book))

    def keep(self, look: Look) -> bool:
        """Append a look; return whether it could be kept (a place that is only read keeps none).

        Raises:
            Conflict: If a look of this number is there already.
            Unavailable: If the engine gave out.
        """
        try:
            return self._keeping.write(BOOK.format(look.experiment), look.number, encoded(look))
        except Conflict as error:
            raise Conflict(
                f"look {look.number} of '{look.experiment}' is kept already: "
                "looks are never rewritten; read it, or take the next one"
            ) from error


def _read(book: str, number: int, document: bytes) -> Look:
    try:
        return decoded(document)
    except msgspec.MsgspecError as error:
        raise Unavailable(
            f"entry {number} of '{book}' can't be read as a look: {error}: restore it from a copy, or take it out"
        ) from error
