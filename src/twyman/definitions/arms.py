"""An experiment's arms: their shares, given or from the flag's rule, and which of them is the control."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from twyman.definitions.experiment_documents import ArmDocument, ExperimentDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import share
from twyman.experiments.experiment import Arm
from twyman.kernel.errors import Invalid, nearest


@dataclass(frozen=True, slots=True)
class Split:
    """The split of a flag's rule: share by variant."""

    shares: Mapping[str, float] = field(default_factory=dict[str, float])


def arms(document: ExperimentDocument, subject: Subject, split: Split | None) -> tuple[Arm, ...]:
    """Make the arms; what is wrong with them is noted with the subject."""
    written = {name: arm or ArmDocument() for name, arm in document.arms.items()}
    control = _control(written)
    shares = _shares(written, subject, split)
    return tuple(
        Arm(name=name, share=shares[name], control=name == control or arm.control, value=_value(name, arm))
        for name, arm in written.items()
    )


def _value(name: str, arm: ArmDocument) -> str:
    """What the data call an arm; a truth as the warehouse writes it when it casts to text."""
    if arm.value is None:
        return name
    return str(arm.value).lower() if isinstance(arm.value, bool) else str(arm.value)


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
    served = {name: split.shares.get(arm.variant or name) for name, arm in written.items()}
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


def split_of(flag: Mapping[str, Any], experiment: str) -> Split | None:
    """Return the split of the flag's rule for an experiment; `None` where it has no such rule.

    Raises:
        Invalid: If the rule's split isn't shares by variant.

    Example:
        >>> rule = {"name": "big", "split": {"old": "50%", "new": "50%"}}
        >>> split_of({"rules": [rule]}, "big").shares
        {'old': 0.5, 'new': 0.5}
    """
    for rule in cast("list[Any]", flag.get("rules") or []):
        if not isinstance(rule, dict):
            continue
        known = cast("dict[str, Any]", rule)
        if experiment in (known.get("experiment"), known.get("name")) and known.get("split") is not None:
            return _split(known["split"])
    return None


def _split(written: object) -> Split:
    if not isinstance(written, dict):
        raise Invalid("split of the flag's rule isn't a mapping: write {variant: share, …}")
    shares: dict[str, float] = {}
    for variant, value in cast("dict[str, object]", written).items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Invalid(f"share of variant '{variant}' in the flag's rule isn't a share: write 50% or 0.5")
        shares[variant] = share(value)
    return Split(shares)
