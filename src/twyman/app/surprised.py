"""Is a result too good, or too far, to be believed? What holds it, who signed it off, and what to look into first."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from twyman.app.checklist import checklist
from twyman.app.expected import Seen, expected, seen_on, signed_off
from twyman.app.plausible import Weigher
from twyman.app.ports import Measured
from twyman.app.trial import Trial
from twyman.app.views import Expected, Plausible, Result, SignedOff
from twyman.app.wording import effect_text, percent
from twyman.decisions.verdict import Reason
from twyman.doubt.check import BLOCK, Status, share_text
from twyman.doubt.surprise import Surprise, passes_by_chance
from twyman.experiments.expectation import Scale
from twyman.experiments.experiment import Experiment, Role
from twyman.experiments.history import PastResult, before

LIKELY_A_BUG = 0.5
"""Probability of a bug from which a reason says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubter:
    """Holds the results of an experiment against what was to be expected of them.

    Attributes:
        past: What past experiments found, whenever that was.
        measured: The present reading.
    """

    experiment: Experiment
    past: Sequence[PastResult]
    measured: Measured

    def __call__(self, row: Result, trial: Trial, *, due: bool) -> tuple[Result, Reason | None]:
        """Return the row with what is to be thought of it, and why a decision on it must be held.

        Args:
            row: A metric in a treatment, for everybody.
            trial: Its metric, and its part in the experiment.
            due: Whether a decision is.
        """
        expectation = trial.tracked.expectations.get(trial.arm)
        seen, lift = seen_on(row, expectation.scale if expectation else Scale.RELATIVE), seen_on(row, Scale.RELATIVE)
        told = expected(expectation, seen, trial.sign, due=due) if expectation and seen else None
        weigh = Weigher(experiment=self.experiment, past=self._known, measured=self.measured)
        worth = weigh(row, lift, trial.tracked, trial.metric) if lift else None
        likely = expectation.likely if expectation else worth.mean if worth else 0.0
        signed = signed_off(self.experiment.signed, row, seen, likely)
        holds = bool(told and told.holds) or (due and trial.tracked.role is not Role.INFORMATION and _held(worth))
        if told and signed and signed.covers:
            told = replace(told, holds=False)
        row = replace(row, expectation=told, plausible=worth, signed_off=signed)
        if not holds or (signed and signed.covers):
            return row, None
        return row, self._reason(row, trial, seen)

    @property
    def _known(self) -> tuple[PastResult, ...]:
        start = self.experiment.enrol_from
        days = [day for _, day in self.measured.exposed]
        first = start.date() if start else min(days, default=None)
        return before(self.past, start=first, but=self.experiment.name)

    def _reason(self, row: Result, trial: Trial, seen: Seen | None) -> Reason:
        code, why = _why(row.expectation, row.plausible)
        said = effect_text(row.relative, row.absolute)
        text = (
            f"{row.title} in {row.arm}: {said}, {why}.{_small(trial, row.expectation, seen)} A figure this interesting "
            "is usually wrong: check which other experiments and settings reached the same units, logging in both "
            "arms, and who entered; then somebody outside the team signs it off."
            f"{_bug(row.plausible)}{_stale(row.signed_off, row.expectation)}"
        )
        return Reason(code, text, row.metric, checklist(self.experiment, trial, self.measured, seen))


def _held(worth: Plausible | None) -> bool:
    """Whether history, or a ceiling that nobody had to guess, holds a result whose owner's expectation doesn't."""
    return worth is not None and (worth.level == Status.BLOCK.value or any(one.beyond for one in worth.ceilings))


def _why(told: Expected | None, worth: Plausible | None) -> tuple[str, str]:
    """Return the code of what holds, and say it."""
    if told is not None and told.holds:
        return told.status, _expectation_text(told)
    ceiling = next((one for one in worth.ceilings if one.beyond), None) if worth else None
    if ceiling is not None:
        what = "the most that it can be" if ceiling.kind == "mechanical" else "what a mightier change did"
        return Surprise.ABOVE_CEILING.value, f"wholly beyond {what}, {percent(ceiling.at)} ({ceiling.because})"
    if worth is None:
        return Surprise.FAR.value, "far from what was expected"
    distance = f"{abs(worth.surprise_z):.1f} standard deviations from the {percent(worth.mean)} that was to be expected"
    return Surprise.FAR.value, f"{distance} ({worth.source})"


def _expectation_text(told: Expected) -> str:
    form = percent if told.scale == Scale.RELATIVE.value else "{:+.4g}".format
    match Surprise(told.status):
        case Surprise.ABOVE_CEILING:
            because = f" ({told.because})" if told.because else ""
            return f"above the ceiling of {form(told.ceiling or 0.0)}{because}"
        case Surprise.BEYOND_HIGH:
            return f"wholly beyond what was thought high ({form(told.low)} to {form(told.high)})"
        case _:
            return f"{abs(told.surprise_z):.1f} standard deviations from the {form(told.likely)} expected"


def _small(trial: Trial, told: Expected | None, seen: Seen | None) -> str:
    """Say of what is above its ceiling by less than its error how often noise puts it there."""
    expectation = trial.tracked.expectations.get(trial.arm)
    if expectation is None or seen is None or told is None or told.status != Surprise.ABOVE_CEILING.value:
        return ""
    above = abs(seen.estimate - (told.ceiling or 0.0))
    if above > seen.half_width or seen.se < expectation.spread(seen.estimate):
        return ""
    chance = passes_by_chance(expectation, seen.se, improving=trial.sign)
    said = f" With so few units noise brings {share_text(chance)} of sound experiments there: more would tell."
    return said if chance >= BLOCK else ""


def _bug(worth: Plausible | None) -> str:
    if worth is None or worth.probability_bug < LIKELY_A_BUG:
        return ""
    likely = "more than 99.9 %" if worth.probability_bug > 0.999 else percent(worth.probability_bug, signed=False)
    return f" That something is broken has a probability of {likely}, by itself."


def _stale(signed: SignedOff | None, told: Expected | None) -> str:
    """Say that somebody signed another reading than this one."""
    if signed is None or signed.covers:
        return ""
    form = percent if told is None or told.scale == Scale.RELATIVE.value else "{:+.4g}".format
    return f" {signed.by} signed {form(signed.estimate)} off on {signed.on}, and this is another reading."
