"""Take the looks that are due: kept ones as they are, missing ones made from the data.

A look that was kept is never measured again, so the same look gives the same numbers, and a plan
that changed after somebody looked is refused: its looks have spent error under another promise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from twyman.app.fingerprint import plan_digest
from twyman.app.information import Used, used
from twyman.app.ports import Extent, Look, LookBook, Question, Warehouse
from twyman.app.telling import Step, Telling, untold
from twyman.app.timeline import Timeline
from twyman.experiments.experiment import Experiment
from twyman.experiments.plan import Spending
from twyman.kernel.errors import Conflict
from twyman.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class Taken:
    """The looks up to a reading.

    Attributes:
        looks: In order; those before anybody entered are left out, and those after all information was in.
        used: Share of the planned information that each has used.
        kept: Whether new looks could be kept; `None` where none had to be.
        complete: Whether the last of them has all the planned information, and so is the plan's last; never
            where bounds hold at any look.
    """

    looks: Sequence[Look]
    used: Sequence[Used]
    kept: bool | None
    complete: bool


@dataclass(frozen=True, slots=True)
class TakeLooks:
    """Take the looks that a timeline names.

    Attributes:
        told: Is told which look is next.
    """

    warehouse: Warehouse
    book: LookBook
    clock: Clock
    version: str
    told: Telling = untold

    def __call__(self, question: Question, line: Timeline, extent: Extent) -> Taken:
        """Return the looks up to the timeline's reading.

        Raises:
            Conflict: If the plan isn't the one under which looks were kept.
        """
        experiment, plan = question.experiment, plan_digest(question)
        before = self._before(question, plan)
        looks, shares, complete = list[Look](), cast("Sequence[Used]", ()), False
        for number, events in enumerate(line.schedule.cutoffs, start=1):
            if extent.first_exposure is not None and events <= extent.first_exposure:
                continue
            self.told(Step(experiment.name, look=number, looks=len(line.schedule.cutoffs)))
            looks.append(before.get(number) or self._made(question, line, number, plan))
            shares = used(experiment, question.catalogue, looks, planned=line.schedule.planned)
            if isinstance(experiment.plan.spending, Spending) and shares[-1].deciding >= 1:
                complete = True
                break
        return Taken(looks, shares, self._kept(looks, before, experiment), complete)

    def _kept(self, looks: Sequence[Look], before: Mapping[int, Look], experiment: Experiment) -> bool | None:
        """Keep what is new once all of it is there, so that whoever stops a reading leaves none of it behind."""
        if experiment.plan.spending is None:
            return None
        made = [self.book.keep(look) for look in looks if look.number not in before]
        return made[-1] if made else None

    def _before(self, question: Question, plan: str) -> dict[int, Look]:
        name = question.experiment.name
        kept = {look.number: look for look in self.book.looks(name)}
        if any(look.plan != plan for look in kept.values()):
            raise Conflict(
                f"the plan of '{name}' has changed since its first look, and looks spend error by the plan they were "
                "taken under: restore it (arms, metrics and their sources, roles, expectations, dates, analysis), or "
                "copy the experiment under a new name",
                place=question.experiment.origin.at("analysis"),
            )
        return kept

    def _made(self, question: Question, line: Timeline, number: int, plan: str) -> Look:
        cutoff = line.cutoff(line.schedule.cutoffs[number - 1])
        return Look(
            experiment=question.experiment.name,
            number=number,
            cutoff=cutoff,
            measured=self.warehouse.measure(replace(question, cutoff=cutoff)),
            plan=plan,
            taken_at=self.clock(),
            reconstructed=number < len(line.schedule.cutoffs) or line.between,
            version=self.version,
        )
