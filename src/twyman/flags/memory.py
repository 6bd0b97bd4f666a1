"""What is kept for units beside the state: sticky variants, and memberships that somebody else records."""

from typing import Protocol


class Memory(Protocol):
    """Reads what is kept; resolving never writes: `Evaluation.keep` says what to."""

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant that a rule once gave a unit, empty where it served none; `None` where nothing is kept."""
        ...

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept for a unit under a name."""
        ...


class Nothing:
    """Nothing is kept."""

    def variant(self, store: str, unit: str, rule: str) -> str | None:  # noqa: ARG002
        """Return `None`."""
        return None

    def holds(self, store: str, unit: str) -> bool:  # noqa: ARG002
        """Say no."""
        return False


NOTHING = Nothing()
