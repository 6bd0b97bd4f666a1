"""What the launch gate shows: of each experiment what it found, what stands beside it, and for whom it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twyman.doubt.check import Status
from twyman.doubt.gate.finding import Finding
from twyman.doubt.gate.label import Label
from twyman.doubt.gate.neighbour import Neighbour
from twyman.doubt.gate.score import Conflict
from twyman.kernel.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """One experiment at the gate.

    Attributes:
        arms: Units of the sample by arm, the control first.
        findings: The loudest first.
        neighbours: Every other flag that serves the experiment's units more than one value.
        overlaps: Units shared with other experiments, by their names.
        same_surface: Those of them that are on its surface.
        conflicts: What it has in common with each experiment that shares units, the most first.
        flags: Other flags that were looked at.
        is_shown: Whether more may be shown than whether it passes.
    """

    experiment: str
    flag: str
    label: Label
    arms: Mapping[str, int] = field(default_factory=dict[str, int])
    findings: tuple[Finding, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    overlaps: Mapping[str, int] = field(default_factory=dict[str, int])
    same_surface: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    flags: int = 0
    is_shown: bool = True
    place: Place | None = None

    @property
    def passes(self) -> bool:
        """Whether nothing blocks it."""
        return not any(finding.blocks for finding in self.findings)

    def told(self, status: Status) -> tuple[Finding, ...]:
        """Return the findings of one loudness, without those that were let pass."""
        return tuple(each for each in self.findings if each.status is status and each.override is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Everything that the gate found.

    Attributes:
        sample: Where the contexts come from.
        contexts: How many there are.
        flags: Flags that were resolved.
        experiments: Each experiment at the gate.
        general: What is about none of them alone.
    """

    sample: str
    contexts: int
    flags: int
    experiments: tuple[Gated, ...]
    general: tuple[Finding, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether every experiment may go live."""
        return all(each.passes for each in self.experiments) and not any(each.blocks for each in self.general)
