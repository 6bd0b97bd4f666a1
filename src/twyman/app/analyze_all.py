"""Analyse all experiments of a project, reading each source of facts once for all of them.

One experiment that can't be answered doesn't keep the others from theirs: each has its answer, or its error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Cutoff, Question
from twyman.app.timeline import last_look, settling
from twyman.app.views import Answer
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.errors import NotFound, TwymanError
from twyman.metrics.catalogue import Catalogue

Telling = Callable[[str, int, int], None]
"""Is told which experiment is next, with its number from 1 and how many there are."""


def untold(name: str, number: int, count: int) -> None:
    """Tell nobody how far it has come."""
    del name, number, count


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one experiment: an answer, or the error that stands in its place."""

    experiment: str
    answer: Answer | None = None
    error: TwymanError | None = None


@dataclass(frozen=True, slots=True)
class AnalyzeAll:
    """Analyse all experiments of a project.

    Attributes:
        analyze: Analyses one.
        told: Is told how far it has come.
    """

    analyze: AnalyzeExperiment
    told: Telling = untold

    def __call__(
        self,
        experiments: Sequence[Experiment],
        catalogue: Catalogue,
        *,
        zone: str = "UTC",
        as_of: datetime | None = None,
    ) -> list[Outcome]:
        """Return what became of each experiment, in the order given.

        Args:
            experiments: Those to analyse.
            catalogue: The sources and metrics they refer to.
            zone: Zone of zoneless times and of days.
            as_of: The day of reading of those that have dates; left out, the latest look that is due of each.

        Raises:
            Unavailable: If the warehouse doesn't answer.
        """
        questions = [question for one in experiments if (question := self._asked(one, catalogue, zone, as_of))]
        with self.analyze.warehouse.together(questions):
            return [
                self._outcome(one, catalogue, zone, as_of, number, len(experiments))
                for number, one in enumerate(experiments, start=1)
            ]

    def _asked(self, one: Experiment, catalogue: Catalogue, zone: str, as_of: datetime | None) -> Question | None:
        """Return the question with the latest cut-off that this reading may have; `None` if it can't be asked."""
        if one.entry is not Entry.EXPOSURES:
            return None
        try:
            settle = settling(one, catalogue)
        except NotFound:
            return None  # its own analysis says so, and where
        ends = [self.analyze.clock() - settle, as_of, last_look(one)]
        end = min(moment for moment in ends if moment is not None)
        return Question(experiment=one, catalogue=catalogue, zone=zone, cutoff=Cutoff(end, end + settle))

    def _outcome(
        self, one: Experiment, catalogue: Catalogue, zone: str, as_of: datetime | None, number: int, count: int
    ) -> Outcome:
        self.told(one.name, number, count)
        try:
            dated = as_of if one.entry is Entry.EXPOSURES else None
            return Outcome(one.name, answer=self.analyze(one, catalogue, zone=zone, as_of=dated))
        except TwymanError as error:
            return Outcome(one.name, error=error)
