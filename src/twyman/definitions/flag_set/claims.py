"""What segments and groups claim, held against the lock: a claim that it holds no slices for holds nobody."""

from dataclasses import dataclass, field

from twyman.definitions.flag_set.allocations import LOCK_FILE
from twyman.definitions.flag_set.collection import Collection
from twyman.definitions.flag_set.rules import check_salt
from twyman.definitions.flag_set.segments import Asked
from twyman.definitions.flag_set.shares import buckets
from twyman.definitions.subject import Subject
from twyman.flags.allocation import Wanted, WantedGroup, percent
from twyman.flags.lanes import merged
from twyman.flags.slices import Claim, Slice, size
from twyman.flags.state import Segment, State
from twyman.flags.targeting import Broken
from twyman.kernel.errors import TwymanError, nearest

HOLDBACK = "-holdback"
"""Behind a group's name: the segment of the units that it holds back."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Reads the claims of a folder.

    Attributes:
        groups: What is asked of each group.
        stale: What `twyman flags allocate` mends.
    """

    held: Collection
    groups: dict[str, WantedGroup] = field(default_factory=dict[str, WantedGroup])
    stale: list[TwymanError] = field(default_factory=list[TwymanError])

    def wanted(self) -> Wanted:
        """Find what is asked of each group: a group may go undeclared as long as none is declared."""
        declared = self.held.declared("group", self.held.groups)
        for name, (document, subject) in self.held.groups.items():
            share = 0
            if document.holdback is not None:
                share = subject.attempt("holdback", buckets, document.holdback, 0)
            if document.salt is not None:
                check_salt(document.salt, "salt", subject)
            self.groups[name] = WantedGroup({}, share, document.salt or "")
        draws: dict[str, str] = {}
        for name, asked, subject in self._asked():
            if asked.group:
                self._want(name, asked, declared, subject)
            else:
                draws[name] = asked.salt
        if not declared:
            self._remark_on_alike()
        salts = {salted.salt for each in self.held.flags.values() for salted in each.salts if salted.salt}
        return Wanted(self.groups, draws, frozenset(salts))

    def _asked(self) -> list[tuple[str, Asked, Subject]]:
        return [(name, asked, each.subject) for name, each in self.held.segments.items() for asked in each.asked]

    def _want(self, name: str, asked: Asked, declared: set[str], subject: Subject) -> None:
        if declared and asked.group not in declared:
            subject.refuse(
                f"{asked.path}.group", f"group '{asked.group}' isn't defined: {nearest(asked.group, declared)}"
            )
        self.groups.setdefault(asked.group, WantedGroup({})).claims[name] = asked.buckets

    def _remark_on_alike(self) -> None:
        """A slip in a group's name makes two groups, whose claims share units: say so where no file declares them."""
        for _, asked, subject in self._asked():
            hint = nearest(asked.group, [name for name in self.groups if name != asked.group])
            if asked.group and hint.startswith("did"):
                subject.remark(
                    f"{asked.path}.group",
                    f"group '{asked.group}' isn't declared, and resembles another: {hint} Declare groups by "
                    "kind: group, so that a slip is refused",
                )

    def put_segments(self, state: State) -> None:
        """Put each segment into the state, with the slices that it holds."""
        for name, each in self.held.segments.items():
            if each.population is not None:
                state.populations[name] = each.population
            lacking = Subject(each.subject.label, each.subject.origin)
            claims = [self._claim(name, asked, lacking) for asked in each.asked]
            found = tuple(claim for claim in claims if claim is not None)
            self.stale.extend(lacking.errors)
            whole = len(found) == len(claims)
            state.segments[name] = Segment(name, each.when, found) if whole else Segment(name, self._why(lacking))

    def _why(self, lacking: Subject) -> Broken:
        return Broken(str([*self.held.lock.errors, *lacking.errors][0]))

    def _claim(self, name: str, asked: Asked, lacking: Subject) -> Claim | None:
        """Return a claim with the slices that the lock holds for it; `None` where it holds none."""
        if not asked.group:
            return self._draw(name, asked, lacking)
        group = self.held.lock.lock.groups.get(asked.group)
        slices = group.claims.get(name) if group else None
        if group is None or slices is None:
            self._lacks(asked.path, f"its {percent(asked.buckets)} of group '{asked.group}' have no slices", lacking)
            return None
        if size(slices) != asked.buckets:
            held = (
                f"group '{asked.group}' holds {percent(size(slices))} for it, and it asks for {percent(asked.buckets)}"
            )
            lacking.refuse(f"{asked.path}.share", f"{held}: run twyman flags allocate, and commit {LOCK_FILE}")
        return Claim(group.salt, merged([*slices]), asked.group)

    def _draw(self, name: str, asked: Asked, lacking: Subject) -> Claim | None:
        kept = self.held.lock.lock.draws.get(name, "")
        if not (asked.salt or kept):
            self._lacks(asked.path, f"its {percent(asked.buckets)} have no salt", lacking)
            return None
        if asked.salt and kept and asked.salt != kept:
            lacking.refuse(
                f"{asked.path}.salt",
                f"salt '{asked.salt}' isn't the one in {LOCK_FILE}, '{kept}', and deals all of its units anew: "
                "write that one, or run twyman flags allocate if this is meant",
            )
        return Claim(asked.salt or kept, merged([Slice(0, asked.buckets)]))

    def _lacks(self, path: str, what: str, lacking: Subject) -> None:
        if not self.held.lock.errors:
            lacking.refuse(path, f"{what} in {LOCK_FILE}: run twyman flags allocate, and commit the file")

    def put_holdbacks(self, state: State) -> None:
        """Put what each group holds back into the state, as a segment."""
        for name, (document, subject) in self.held.groups.items():
            self._check_group_salt(name, subject)
            if document.holdback is None:
                continue
            segment = f"{name}{HOLDBACK}"
            if segment in self.held.segments:
                self.held.segments[segment].subject.refuse(
                    "name", f"segment '{segment}' is what group '{name}' holds back: take another name"
                )
            else:
                state.segments[segment] = self._holdback(segment, name, subject)

    def _check_group_salt(self, name: str, subject: Subject) -> None:
        group, asked = self.held.lock.lock.groups.get(name), self.groups[name].salt
        if group is not None and asked not in ("", group.salt):
            subject.refuse(
                "salt",
                f"salt '{asked}' isn't the one in {LOCK_FILE}, and would deal all units of the group anew: "
                f"write salt: {group.salt}, or give the new group a name of its own",
            )

    def _holdback(self, segment: str, name: str, subject: Subject) -> Segment:
        group, wanted = self.held.lock.lock.groups.get(name), self.groups[name].holdback
        lacking = Subject(subject.label, subject.origin)
        if group is None or size(group.holdback) != wanted:
            self._lacks("holdback", f"its holdback of {percent(wanted)} has no slices", lacking)
        self.stale.extend(lacking.errors)
        if group is None or lacking.errors:
            return Segment(segment, self._why(lacking))
        return Segment(segment, claims=(Claim(group.salt, merged([*group.holdback]), name),))
