"""Verify a look: compute it once more from rows, by a path that shares no statement with the first, and compare.

A look that was kept is compared as it was kept, and as it would be measured today: where only the first
differs, the data have changed since.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from twyman.app.agreement import Agreement, agreement
from twyman.app.fingerprint import plan_digest
from twyman.app.ports import Look, LookBook, Question, Warehouse
from twyman.app.recomputation import Recomputation, Unverified
from twyman.app.timeline import timeline
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.errors import Conflict, Invalid, NotFound
from twyman.kernel.time import Clock
from twyman.metrics.catalogue import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of it.

    Attributes:
        cutoff: What the look may see; `None` where there are no dates.
        engine: Name and version of what ran the statement.
        today: How the statement, run now, compares with the rows.
        look: The look that was kept at this cut-off, if one was.
        kept: How that compares with the rows.
        unverified: What couldn't be recomputed, and why.
    """

    experiment: str
    cutoff: datetime | None
    engine: str
    today: Agreement
    look: Look | None = None
    kept: Agreement | None = None
    unverified: tuple[Unverified, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every number compared agrees, in the look kept and in today's."""
        return bool(self.today) and (self.kept is None or bool(self.kept))

    @property
    def changed(self) -> bool:
        """Whether the data have changed since: both paths say the same today, and the look kept says another."""
        return bool(self.today) and self.kept is not None and not self.kept


@dataclass(frozen=True, slots=True)
class VerifyLook:
    """Verify one look of an experiment; nothing is kept."""

    warehouse: Warehouse
    recomputation: Recomputation
    looks: LookBook
    clock: Clock

    def __call__(
        self,
        experiment: Experiment,
        catalogue: Catalogue,
        *,
        zone: str = "UTC",
        as_of: datetime | None = None,
        number: int | None = None,
    ) -> Verification:
        """Return how the two paths compare.

        Args:
            experiment: The experiment.
            catalogue: The sources and metrics it refers to.
            zone: Zone of zoneless times and of days.
            as_of: The day of the look; left out, the last one kept, or else the latest that is due.
            number: The look, by its number among those kept.

        Raises:
            NotFound: If no such look was kept.
            Conflict: If the plan has changed since it was kept.
            Invalid: If the data can't be what the definitions say, or nothing could be recomputed.
        """
        question = Question(experiment=experiment, catalogue=catalogue, zone=zone)
        look = self._dated(question, as_of, number)
        if isinstance(look, Look):
            question = replace(question, cutoff=look.cutoff)
        elif look is not None:
            question = look
        return self._verified(question, look if isinstance(look, Look) else None)

    def _verified(self, question: Question, look: Look | None) -> Verification:
        measured = self.warehouse.measure(question)
        recomputed = self.recomputation.recompute(question)
        today = agreement(measured, recomputed)
        if not today.numbers and not today.disagreements:
            reasons = "; ".join(f"{one.what}: {one.why}" for one in recomputed.unverified)
            raise Invalid(
                f"'{question.experiment.name}' can't be verified: {reasons}", place=question.experiment.origin.at()
            )
        return Verification(
            experiment=question.experiment.name,
            cutoff=question.cutoff.events if question.cutoff else None,
            engine=self.warehouse.engine,
            today=today,
            look=look,
            kept=agreement(look.measured, recomputed) if look else None,
            unverified=recomputed.unverified,
        )

    def _dated(self, question: Question, as_of: datetime | None, number: int | None) -> Look | Question | None:
        """Return the look to be verified; where none is kept, the question that a look would ask."""
        experiment = question.experiment
        if experiment.entry is not Entry.EXPOSURES:
            if as_of is not None or number is not None:
                raise Invalid(
                    f"experiment '{experiment.name}' has no dates, so it has one reading: leave both out",
                    place=experiment.origin.at(experiment.entry.value),
                )
            return None
        kept = self.looks.looks(experiment.name)
        if number is not None:
            return self._kept(question, kept, number)
        if as_of is None and kept:
            return self._same_plan(question, kept[-1])
        extent = self.warehouse.extent(question)
        line = timeline(experiment, question.catalogue, extent, as_of=as_of, clock=self.clock, zone=question.zone)
        found = next((look for look in kept if look.cutoff == line.reading), None)
        return self._same_plan(question, found) if found else replace(question, cutoff=line.reading)

    def _kept(self, question: Question, kept: tuple[Look, ...], number: int) -> Look:
        for look in kept:
            if look.number == number:
                return self._same_plan(question, look)
        there = ", ".join(str(look.number) for look in kept) or "none"
        raise NotFound(f"look {number} of '{question.experiment.name}' isn't kept: kept are {there}")

    def _same_plan(self, question: Question, look: Look) -> Look:
        if look.plan != plan_digest(question):
            raise Conflict(
                f"the plan of '{question.experiment.name}' has changed since look {look.number} was kept, and answers "
                "another question: restore the definitions of that day, or give --as-of a day between looks",
                place=question.experiment.origin.at("analysis"),
            )
        return look
