"""What the launch gate found: how loud it is, what it is about, and where its cause stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from twyman.doubt.check import Status
from twyman.experiments.override import Override
from twyman.kernel.place import Place


class Code(StrEnum):
    """The stable name of each finding."""

    ALIASED = "aliased"
    """Another flag's value comes with an arm: their effects can't be separated."""
    DEPENDENT = "dependent"
    """Another flag's value says something of the arm: some of its effect leaks in."""
    PREREQUISITE = "prerequisite"
    """Another flag follows this one by its own rules, so that it is part of what the arms differ in."""
    VALUE_CONFLICT = "value_conflict"
    """Two experiments deal out values of one flag to the same units."""
    OVER_FULL = "over_full"
    """The claims of an exclusivity group ask for more than there is."""
    SEALED = "sealed"
    """One of these, against what is sealed."""
    UNDELIVERED = "undelivered"
    """Two arms are served the same."""
    NOBODY = "nobody"
    """No context of the sample is in the experiment."""
    FEW_UNITS = "few_units"
    """So few are that nothing could show."""
    MUST_NOT_MOVE = "must_not_move"
    """A metric that one experiment should move must not move in another on the same units."""
    NARROW = "narrow"
    """The units come from one market of several, and the experiment doesn't say so."""
    BLIND = "blind"
    """Flags ask for attributes that no context has, or can't be resolved: what they do isn't seen."""
    UNUSED_OVERRIDE = "unused_override"
    """An override that lets nothing pass."""


TITLES: Mapping[Code, str] = {
    Code.ALIASED: "Another flag's value comes with an arm",
    Code.DEPENDENT: "Another flag's value leans towards an arm",
    Code.PREREQUISITE: "Another flag follows this one",
    Code.VALUE_CONFLICT: "Two experiments deal out one flag to the same units",
    Code.OVER_FULL: "An exclusivity group is over-full",
    Code.SEALED: "Conflict with a sealed experiment",
    Code.UNDELIVERED: "Two arms are served the same",
    Code.NOBODY: "No context is in the experiment",
    Code.FEW_UNITS: "Too few contexts are in the experiment",
    Code.MUST_NOT_MOVE: "A neighbour's untouchable metric",
    Code.NARROW: "Units of one market",
    Code.BLIND: "Flags that the gate can't see through",
    Code.UNUSED_OVERRIDE: "An override that lets nothing pass",
}
"""Each code in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the gate found.

    Attributes:
        text: What, why, what now.
        other: The flag, experiment or group that it is about; empty for none. An override may name it.
        place: Where its cause, or else the experiment, stands.
        related: Other places that it is about.
        detail: The numbers behind it.
        override: Who let it pass, and why; `None` where nobody did.
    """

    code: Code
    status: Status
    text: str
    other: str = ""
    place: Place | None = None
    related: tuple[Place, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
    override: Override | None = None

    @property
    def about(self) -> str:
        """What it is about, as others may see it: of what is sealed, no name."""
        return "" if self.code is Code.SEALED else self.other

    @property
    def blocks(self) -> bool:
        """Whether the launch waits for it."""
        return self.status is Status.BLOCK and self.override is None


def overridden(
    findings: Sequence[Finding],
    overrides: Sequence[Override],
    place: Place | None,
    general: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """Return findings with the overrides that speak of those above a note, and a note for each that speaks of none.

    Args:
        findings: What was found of an experiment.
        overrides: What its file lets pass.
        place: Where its file says so.
        general: What was found that is about no experiment alone, of which its overrides may speak, too.

    Example:
        >>> aliased = Finding(code=Code.ALIASED, status=Status.BLOCK, text="…", other="ads")
        >>> [passed] = overridden([aliased], [Override("aliased", "ads", "one launch", "ann")], None)
        >>> passed.blocks
        False
    """
    used = {said for each in general if (said := _said_of(each, overrides))}
    made: list[Finding] = []
    for finding in findings:
        said = _said_of(finding, overrides)
        if said is not None:
            used.add(said)
            made.append(replace(finding, override=said))
        else:
            made.append(finding)
    return (*made, *(_unused(each, place) for each in overrides if each not in used))


def agreed(findings: Sequence[Finding], several: Sequence[Sequence[Override]]) -> tuple[Finding, ...]:
    """Return what is about no experiment alone with its overrides, where every experiment at the gate lets it pass.

    Args:
        findings: What was found.
        several: The overrides of each experiment.

    Example:
        >>> full = Finding(code=Code.OVER_FULL, status=Status.BLOCK, text="…", other="home")
        >>> said = [Override("over_full", "home", "it ends on Friday", "ann")]
        >>> [each.blocks for each in (*agreed([full], [said]), *agreed([full], [said, []]))]
        [False, True]
    """
    return tuple(replace(each, override=_agreed(each, several)) for each in findings)


def _agreed(finding: Finding, several: Sequence[Sequence[Override]]) -> Override | None:
    every = [_said_of(finding, each) for each in several]
    said = list(dict.fromkeys(each for each in every if each is not None))
    if not said or None in every:
        return None
    reasons, reviewers = (dict.fromkeys(each) for each in zip(*((o.reason, o.reviewer) for o in said), strict=True))
    return replace(said[0], reason="; ".join(reasons), reviewer=", ".join(reviewers))


def _said_of(finding: Finding, overrides: Sequence[Override]) -> Override | None:
    """Return the override that speaks of a finding above a note."""
    if finding.status not in (Status.BLOCK, Status.WARN):
        return None
    return next((each for each in overrides if each.meets(finding.code, finding.other)), None)


def _unused(override: Override, place: Place | None) -> Finding:
    about = f" with '{override.other}'" if override.other else ""
    return Finding(
        code=Code.UNUSED_OVERRIDE,
        status=Status.NOTE,
        text=f"Override of '{override.finding}'{about} lets nothing pass: nothing of the kind was found. Delete it.",
        other=override.other,
        place=place,
    )
