"""Analyse all experiments of a project, reading each source of facts once for all of them.

One experiment that can't be answered doesn't keep the others from theirs: each has its answer, or its error.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from queue import SimpleQueue
from threading import Event

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Cutoff, Question
from twyman.app.telling import Step, Telling, untold
from twyman.app.timeline import last_look, settling
from twyman.app.views import Answer
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.errors import NotFound, TwymanError
from twyman.metrics.catalogue import Catalogue

FACTS = "facts of all experiments"
"""What is read before the first of them."""

PATIENCE = 0.2
"""Seconds between two calls to end what still runs after a stop."""


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
        beside: Analyse one each, at the same time, over connections of their own that share what was read; none:
            `analyze` takes one after the other.
    """

    analyze: AnalyzeExperiment
    told: Telling = untold
    beside: Sequence[AnalyzeExperiment] = ()

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
        each = [_Reading(one, catalogue, zone, as_of) for one in experiments]
        self.told(Step(FACTS, number=0, count=len(each)))
        with self.analyze.warehouse.together(questions):
            return self._at_once(each) if self.beside else self._one_by_one(each)

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

    def _one_by_one(self, readings: Sequence["_Reading"]) -> list[Outcome]:
        return [
            reading.taken(self.analyze, self._telling(number, len(readings)))
            for number, reading in enumerate(readings, start=1)
        ]

    def _at_once(self, readings: Sequence["_Reading"]) -> list[Outcome]:
        """Take as many at a time as there are analysts; whoever ends this ends what each of them runs."""
        free: SimpleQueue[AnalyzeExperiment] = SimpleQueue()
        for analyst in self.beside:
            free.put(analyst)
        stop = Event()

        def taken(number: int, reading: _Reading) -> Outcome:
            analyst = free.get()
            try:
                return reading.taken(analyst, self._telling(number, len(readings), stop))
            finally:
                free.put(analyst)

        with ThreadPoolExecutor(len(self.beside)) as pool:
            made = [pool.submit(taken, number, reading) for number, reading in enumerate(readings, start=1)]
            try:
                return [one.result() for one in made]
            except BaseException:
                stop.set()
                self._end(made)
                raise

    def _end(self, made: Sequence[Future[Outcome]]) -> None:
        waiting = {one for one in made if not one.cancel()}
        while waiting:
            for analyst in self.beside:
                analyst.warehouse.cancel()
            _, waiting = wait(waiting, timeout=PATIENCE)

    def _telling(self, number: int, count: int, stop: Event | None = None) -> Telling:
        def told(step: Step) -> None:
            if stop is not None and stop.is_set():
                raise _Stopped
            self.told(replace(step, number=number, count=count))

        return told


class _Stopped(BaseException):
    """Ends an analysis between two statements; no error of one experiment, so nothing takes it for one."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One experiment, as it is to be read."""

    experiment: Experiment
    catalogue: Catalogue
    zone: str
    as_of: datetime | None

    def taken(self, analyst: AnalyzeExperiment, told: Telling) -> Outcome:
        """Return what became of it."""
        one = self.experiment
        dated = self.as_of if one.entry is Entry.EXPOSURES else None
        try:
            answer = replace(analyst, told=told)(one, self.catalogue, zone=self.zone, as_of=dated)
        except TwymanError as error:
            return Outcome(one.name, error=error)
        return Outcome(one.name, answer=answer)
