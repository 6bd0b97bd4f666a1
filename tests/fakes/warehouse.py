"""A warehouse that answers from moments it was given: what the port promises, and nothing else."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from twyman.app.audited import Audited
from twyman.app.ports import Asked, Coexposed, Extent, Measured, Question

Answering = Callable[[datetime | None], Measured]


@dataclass
class FakeWarehouse:
    """Answers each cut-off by a function, and remembers which cut-offs it was asked for."""

    answering: Answering
    runs: Extent = field(default_factory=Extent)
    met: Coexposed = field(default_factory=lambda: Coexposed(units={}, met={}))
    asked: list[datetime | None] = field(default_factory=list[datetime | None])

    told: Audited = field(default_factory=Audited)
    cancelled: int = 0
    together_for: list[list[str]] = field(default_factory=list[list[str]])

    @property
    def engine(self) -> str:
        return "fake 1.0"

    @contextmanager
    def together(self, questions: Sequence[Question]) -> Generator[None]:
        self.together_for.append([one.experiment.name for one in questions])
        yield

    def extent(self, question: Question) -> Extent:
        del question
        return self.runs

    def measure(self, question: Question) -> Measured:
        events = question.cutoff.events if question.cutoff else None
        self.asked.append(events)
        return self.answering(events)

    def coexposed(self, question: Question) -> Coexposed:
        del question
        return self.met

    def audit(self, question: Question) -> Audited:
        del question
        return self.told

    def sql(self, question: Question, about: Asked = Asked.EFFECTS) -> tuple[str, ...]:
        return (f"SELECT '{about.value} of {question.experiment.name}'",)

    def cost(self, sql: str) -> int | None:
        return len(sql)

    def cancel(self) -> None:
        self.cancelled += 1
