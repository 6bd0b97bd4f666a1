"""One other flag beside an experiment: does what it serves say anything of the arm?"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from twyman.doubt.check import Status, share_text
from twyman.doubt.gate.finding import Code, Finding
from twyman.doubt.gate.joint import IGNORED, Joint
from twyman.doubt.gate.values import ABSENT, Values
from twyman.doubt.gate.wording import SHOWN, differences, listed
from twyman.flags.faults import walk
from twyman.flags.flag import Flag, Rule
from twyman.flags.state import State
from twyman.flags.targeting import Expression, FlagIs, InSegment
from twyman.kernel.place import Place

OWNER_UNKNOWN = "nobody is named"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another flag beside an experiment.

    Attributes:
        values: What it serves.
        experiments: Those that it deals out.
        joint: The experiment's arms, the control first, against its values.
        shared: How many of the experiment's units it assigned anything to.
        asks: Its rules in force that ask for the experiment's own flag, by whatever way.
        follows: Whether they are why it differs: without them, nothing would be aliased.
        sealed: Whether others are told no more than that it conflicts.
        owner: Who answers for it, where somebody does.
        place: Where it stands.
    """

    flag: str
    values: Values
    joint: Joint
    shared: int
    experiments: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    follows: bool = False
    sealed: bool = False
    owner: str = ""
    place: Place | None = None

    def finding(self, arms: tuple[str, ...], place: Place | None) -> Finding | None:
        """Return what is to be said of it; `None` where it is independent.

        Args:
            arms: The experiment's arms that have units, the control first.
            place: Where the experiment's rule stands.
        """
        if not self.joint.is_dependent:
            return None
        code, status = self._judged()
        if self.sealed:
            return sealed(self.flag, self.owner, status, place)
        related = (self.place,) if self.place else ()
        return Finding(
            code=code,
            status=status,
            text=self._text(code, arms),
            other=self.flag,
            place=place,
            related=related,
            detail=self.detail(arms),
        )

    def _judged(self) -> tuple[Code, Status]:
        if self.follows:
            return Code.PREREQUISITE, Status.WARN
        if self.joint.aliased:
            return Code.ALIASED, Status.BLOCK
        return Code.DEPENDENT, Status.WARN if self.joint.v_lower >= IGNORED else Status.NOTE

    def _text(self, code: Code, arms: tuple[str, ...]) -> str:
        what = listed(differences(self.values, self.joint.table), arms)
        whose = f" (experiment {', '.join(map(repr, self.experiments))})" if self.experiments else ""
        if code is Code.PREREQUISITE:
            return (
                f"{what}. Flag '{self.flag}'{whose} follows this one by its {self._asks()}: its effect is part of what "
                "is measured here. Let it pass by an override if that is meant."
            )
        if code is Code.ALIASED:
            asks = "ask" if len(self.asks) > 1 else "asks"
            besides = (
                f" Its {self._asks()} {asks} for this flag, and without it the two would go together all the same."
                if self.asks
                else ""
            )
            return (
                f"{what}. What '{self.flag}'{whose} does can't be separated from this experiment: give each a salt of "
                f"its own, keep the other's rule off these units, or put both into one exclusivity group.{besides}"
            )
        how = f"V = {self.joint.v:.2f}, at least {self.joint.v_lower:.2f}"
        return (
            f"{what} ({how}). {share_text(self.joint.leak)} of what '{self.flag}'"
            f"{whose} does leaks into the effect, and it would show in the data from about "
            f"{self.joint.shows_at:,} units: deal the two out independently, or adjust for the other."
        )

    def _asks(self) -> str:
        more = f" and {len(self.asks) - SHOWN} more" if len(self.asks) > SHOWN else ""
        return f"rule{'s' if len(self.asks) > 1 else ''} {', '.join(map(repr, self.asks[:SHOWN]))}{more}"

    def detail(self, arms: tuple[str, ...]) -> dict[str, object]:
        """Return the numbers: units by arm and value, and how one goes with the other."""
        shown = [*self.values.values, ABSENT]
        met = [place for place in range(len(shown)) if self.joint.table[:, place].sum()]
        return {
            "values": [shown[place] for place in met],
            "units": {arm: self.joint.table[row, met].tolist() for row, arm in enumerate(arms)},
            "v": self.joint.v,
            "v_lower": self.joint.v_lower,
            "leak": self.joint.leak,
            "p_value": self.joint.p_value,
            "empty": [{"arm": arms[row], "value": shown[column]} for row, column in self.joint.empty],
            "shows_at": self.joint.shows_at if self.joint.is_dependent else None,
        }


def sealed(name: str, owner: str, status: Status, place: Place | None) -> Finding:
    """Say no more of a sealed neighbour than that it conflicts, and whom to ask."""
    return Finding(
        code=Code.SEALED,
        status=status,
        text=f"It conflicts with a sealed experiment: ask its owner ({owner or OWNER_UNKNOWN}).",
        other=name,
        place=place,
    )


Node = tuple[str, str]
"""A flag or a segment, by its kind and name."""

Asking = Mapping[Node, frozenset[Node]]
"""What each flag and segment asks for."""


def asking(state: State) -> Asking:
    """Return what each flag and segment of a state asks for; a rule that is switched off asks for nothing."""
    asked = {("segment", name): frozenset(_asked((each.when,), ())) for name, each in state.segments.items()}
    for name, flag in state.flags.items():
        asked["flag", name] = frozenset(_asked_in([rule for rule in flag.rules if rule.enabled]))
    return asked


def followers(asked: Asking, flag: str) -> frozenset[Node]:
    """Return what asks, by whatever way, what a flag serves; the flag itself among it."""
    reached: set[Node] = {("flag", flag)}
    while more := {node for node, others in asked.items() if node not in reached and others & reached}:
        reached |= more
    return frozenset(reached)


def asking_rules(flag: Flag, following: frozenset[Node]) -> tuple[int, ...]:
    """Return the places of a flag's rules in force that ask for any of some flags and segments.

    Args:
        flag: The flag.
        following: What follows the experiment's own flag, as `followers` says.
    """
    return tuple(
        place for place, rule in enumerate(flag.rules) if rule.enabled and not following.isdisjoint(_asked_in([rule]))
    )


def asked_by(state: State, flag: Flag) -> frozenset[str]:
    """Return the segments that a flag's rules ask for, and those that these ask for in turn."""
    more = {name for kind, name in _asked_in(flag.rules) if kind == "segment"}
    found: set[str] = set()
    while more:
        found |= more
        whens = [state.segments[name].when for name in more if name in state.segments]
        more = {name for kind, name in _asked(whens, ()) if kind == "segment"} - found
    return frozenset(found)


def _asked_in(rules: Collection[Rule]) -> set[Node]:
    return _asked((rule.when for rule in rules), (rule.segment for rule in rules))


def _asked(several: Iterable[Expression | None], segments: Iterable[str]) -> set[Node]:
    asked = {("segment", name) for name in segments if name}
    for when in several:
        for part, _ in walk(when):
            if isinstance(part, FlagIs):
                asked.add(("flag", part.flag))
            elif isinstance(part, InSegment):
                asked.add(("segment", part.segment))
    return asked
