"""An experiment's arms: their shares, given or from the flag's rule, and which of them is the control."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twyman.definitions.experiment_documents import ArmDocument, ExperimentDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import share
from twyman.experiments.experiment import Arm
from twyman.flags.exposure import ARMS
from twyman.flags.flag import Assigned, Outcome, Rule
from twyman.flags.slices import size
from twyman.kernel.errors import nearest


@dataclass(frozen=True, slots=True)
class Split:
    """The split of a flag's rule: share by what its exposures log as their arm."""

    shares: Mapping[str, float] = field(default_factory=dict[str, float])


def arms(document: ExperimentDocument, subject: Subject, split: Split | None) -> tuple[Arm, ...]:
    """Make the arms; what is wrong with them is noted with the subject."""
    written = {name: arm or ArmDocument() for name, arm in document.arms.items()}
    control = _control(written)
    shares = _shares(written, subject, split)
    of_flag = document.flag is not None
    return tuple(
        Arm(
            name=name,
            share=shares[name],
            control=name == control or arm.control,
            value=_value(name, arm, of_flag=of_flag),
            logged=_logged(name, arm) if of_flag else "",
        )
        for name, arm in written.items()
    )


def _value(name: str, arm: ArmDocument, *, of_flag: bool) -> str:
    """What the data call an arm: what it says, else what its flag logs; a truth as the warehouse casts it to text."""
    if arm.value is None:
        return _logged(name, arm) if of_flag else name
    return str(arm.value).lower() if isinstance(arm.value, bool) else str(arm.value)


def _logged(name: str, arm: ArmDocument) -> str:
    """Return what exposures of a flag log as an arm: its variant, else its name; a fallthrough is logged as control."""
    variant = arm.variant or name
    return ARMS[Outcome(variant)] if variant in {*ARMS} else variant


def _control(written: Mapping[str, ArmDocument]) -> str | None:
    marked = any(arm.control for arm in written.values())
    return "control" if not marked and "control" in written else None


def _shares(written: Mapping[str, ArmDocument], subject: Subject, split: Split | None) -> Mapping[str, float]:
    """Shares as given, or of the flag's rule, or equal; equal too where they are refused, which says enough."""
    equal = dict.fromkeys(written, 1 / max(1, len(written)))
    given = {name: arm.share for name, arm in written.items() if arm.share is not None}
    read = {name: subject.attempt(f"arms.{name}.share", share, value, None) for name, value in given.items()}
    known = {name: value for name, value in read.items() if value is not None}
    if len(known) < len(given):
        return equal
    if split is not None:
        return _of_flag(written, known, split, subject) or equal
    without = [name for name in written if name not in given]
    if given and without:
        subject.refuse(
            f"arms.{without[0]}",
            f"arm '{without[0]}' has no share, and others have one: give each arm a share, or none of them",
        )
    return equal if without else known


def _of_flag(
    written: Mapping[str, ArmDocument], given: Mapping[str, float], split: Split, subject: Subject
) -> Mapping[str, float] | None:
    served = {name: split.shares.get(_logged(name, arm)) for name, arm in written.items()}
    for name, share_served in served.items():
        if share_served is None:
            variant = written[name].variant or name
            subject.refuse(
                f"arms.{name}",
                f"variant '{variant}' isn't in the split of the flag's rule: {nearest(variant, split.shares)}",
            )
        elif name in given and abs(given[name] - share_served) > 1e-9:
            subject.refuse(
                f"arms.{name}.share",
                f"share {given[name]:.6g} of arm '{name}' isn't the one in the flag's rule, {share_served:.6g}: "
                "leave the share out here",
            )
    known = {name: value for name, value in served.items() if value is not None}
    return known if len(known) == len(served) else None


def split_of(rule: Rule) -> Split:
    """Return the shares of a rule's sides, by what their exposures log: the variant, `control` for a fallthrough."""
    whole = rule.split.buckets
    return Split({_side(side): size(side.slices) / whole for side in rule.split.assigned})


def _side(side: Assigned) -> str:
    return ARMS.get(side.to, side.variant)
