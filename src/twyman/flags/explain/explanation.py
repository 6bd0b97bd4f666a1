"""What an explanation holds: for each rule what was looked at, and as text the lines that say so."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from twyman.flags.evaluation import Evaluation
from twyman.flags.explain.phrase import shown, words_of_answer, words_of_slices
from twyman.flags.slices import Slice


class Verdict(StrEnum):
    """What came of a rule."""

    SERVED = "served"
    NOTED = "noted"
    """A fallthrough: the unit is logged, and goes on to the next rule."""
    NO_MATCH = "no match"
    """Its targeting doesn't hold, or its shares leave the unit out."""
    NO_SIDE = "no side"
    """It matches, and no side of its split takes the unit's bucket."""
    NO_UNIT = "no unit"
    """It needs a unit, and the context has none."""
    UNIT_ERROR = "unit error"
    """The unit's id is no id, which ends the matter."""
    PAUSED = "paused"
    """It takes in no units that aren't kept already."""
    DISABLED = "disabled"
    ENVIRONMENT = "environment"
    """It works in other environments."""
    BROKEN = "broken"
    """A criterion that it needs can't be understood."""
    FAULT = "fault"
    """It can't be resolved, whoever asks."""


class Draw(Struct, frozen=True, omit_defaults=True):
    """A unit's bucket under a salt, and the buckets asked for.

    Attributes:
        bucket: The unit's; `None` where nothing was drawn: everybody is in, or no unit is known.
        slices: The first of the buckets asked for; `more` says how many slices follow.
        group: The exclusivity group whose salt it is.
    """

    salt: str
    buckets: int
    bucket: int | None = None
    slices: tuple[Slice, ...] = ()
    more: int = 0
    group: str = ""


class Look(Struct, frozen=True, omit_defaults=True):
    """One thing looked at: a criterion, several combined, a segment, or a share of a population.

    Attributes:
        asked: The question, in words.
        holds: The answer; `None` where the question can't be understood.
        found: What an attribute is, in words; empty where no attribute was asked for.
        why: What can't be understood.
        parts: What the answer is made of.
        draw: Of a share: where the unit's bucket lies.
        reached: Whether it counted: what stands before it may have settled the matter.
    """

    asked: str
    holds: bool | None
    found: str = ""
    why: str = ""
    parts: tuple["Look", ...] = ()
    draw: Draw | None = None
    reached: bool = True


class Trial(Struct, frozen=True, omit_defaults=True):
    """One rule, tried.

    Attributes:
        reached: Whether the unit came to it; where not, the verdict is what would have come of it.
        unit: The unit's id; empty where there is none.
        why: What the looks don't say.
        variant: What it serves; empty for a fallthrough or a client default.
        kept: Whether the variant was kept from before.
        looks: Targeting and shares, in order.
        split: Where the unit's bucket lies among the sides.
    """

    rule: str
    verdict: Verdict
    reached: bool = True
    unit: str = ""
    why: str = ""
    variant: str = ""
    kept: bool = False
    looks: tuple[Look, ...] = ()
    split: Draw | None = None


class Explanation(Struct, frozen=True):
    """Why a flag answers what it answers. As text (`str`) it is fit for a terminal.

    Attributes:
        evaluation: The answer.
        rules: Every rule, in order; none where the flag can't be resolved, or is archived.
    """

    flag: str
    evaluation: Evaluation
    rules: tuple[Trial, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.flag} {words_of_answer(self.evaluation)}"]
        for place, trial in enumerate(self.rules, 1):
            lines += _of_trial(place, trial)
        return "\n".join(lines)


def _of_trial(place: int, trial: Trial) -> Iterator[str]:
    said = _verdict_in_words(trial)
    yield f"  {place}. {trial.rule}: {said if trial.reached else f'not reached (else: {said})'}"
    for look in trial.looks:
        yield from _of_look(look, "     ")
    if trial.split:
        taken = f", of {words_of_slices(trial.split.slices, trial.split.more)}" if trial.split.slices else ""
        yield f"     split {_drawn(trial.split)}{taken}"


def _verdict_in_words(trial: Trial) -> str:
    match trial.verdict:
        case Verdict.SERVED:
            served = f"serves {shown(trial.variant)}" if trial.variant else "leaves it to the caller's own default"
            return f"{served}, kept from before" if trial.kept else served
        case Verdict.NOTED:
            return "notes the unit, and goes on"
        case _:
            return f"{trial.verdict.value} ({trial.why})" if trial.why else trial.verdict.value


def _of_look(look: Look, margin: str) -> Iterator[str]:
    answer = {True: "yes", False: "no", None: "broken"}[look.holds]
    mark = f"{answer if look.reached else f'({answer})':6}"
    found = f" (it is {look.found})" if look.found else ""
    why = f" ({look.why})" if look.why else ""
    drawn = f" {_drawn(look.draw)}, wanted {words_of_slices(look.draw.slices, look.draw.more)}" if look.draw else ""
    yield f"{margin}{mark} {look.asked}{found}{drawn}{why}"
    for part in look.parts:
        yield from _of_look(part, f"{margin}  ")


def _drawn(draw: Draw) -> str:
    under = f"of group {draw.group}" if draw.group else f"under salt {shown(draw.salt)}"
    return f"{under}: " + ("nothing drawn" if draw.bucket is None else f"bucket {draw.bucket:,} of {draw.buckets:,}")
