"""The vectorised resolver as one that answers context by context, and its answers row by row."""

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.context import Context
from twyman.flags.evaluation import Evaluation
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.state import State


class OneRow:
    """Answers each context as a cohort of one row."""

    def __init__(self, state: State, *, client: str | None = None, environments: tuple[str, ...] = ()) -> None:
        self._resolver = Vectorised(state, client=client, environments=environments)
        self.flags = self._resolver.flags

    def evaluate(self, flag: str, context: Context, memory: Memory = NOTHING) -> Evaluation:
        cohort = Cohort.of_contexts([context])
        return self._resolver.evaluation(self._resolver.evaluate(flag, cohort, memory), cohort, 0)


def all_evaluations(resolver: Vectorised, flag: str, cohort: Cohort, memory: Memory = NOTHING) -> list[Evaluation]:
    """Return what a flag answers to each row."""
    answers = resolver.evaluate(flag, cohort, memory)
    return [resolver.evaluation(answers, cohort, row) for row in range(len(cohort))]
