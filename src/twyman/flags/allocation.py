"""Who holds which buckets: the slices that claims hold of a group, given out so that nobody else's ever move.

A lock is what has been given out so far. `allocated` gives what is wanted now: a claim that grows keeps
every bucket it had, one that shrinks gives back what it was given last, and all others stay as they are.
A salt is made of a name once, kept through renames, and never used again once it is retired.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from twyman.flags.bucketing import BUCKETS
from twyman.flags.slices import Slice, size
from twyman.kernel.errors import Conflict, Invalid

Slices = tuple[Slice, ...]
"""Disjoint runs of buckets, in the order in which they were given."""


class Group(Struct, frozen=True, omit_defaults=True):
    """What is given out of an exclusivity group: no bucket twice.

    Attributes:
        salt: The salt of its draw.
        holdback: Buckets that no claim ever gets.
        claims: Slices by claim.
        retired: What claims that are gone held in the end.
    """

    salt: str
    holdback: Slices = ()
    claims: dict[str, Slices] = {}
    retired: dict[str, Slices] = {}


class Lock(Struct, frozen=True, omit_defaults=True):
    """All that has been given out.

    Attributes:
        draws: Salt of each allocation outside any group, by its claim.
        retired: Salts that were in use once, and never will be again.
    """

    groups: dict[str, Group] = {}
    draws: dict[str, str] = {}
    retired: tuple[str, ...] = ()


class WantedGroup(Struct, frozen=True, omit_defaults=True):
    """What is asked of a group: buckets by claim, and of the holdback; a salt, where its file gives one."""

    claims: dict[str, int] = {}
    holdback: int = 0
    salt: str = ""


class Wanted(Struct, frozen=True, omit_defaults=True):
    """All that is asked for.

    Attributes:
        draws: Allocations outside any group: their salt where a file gives one, else empty.
        salts: Salts in use elsewhere (of splits), which none made here may equal.
    """

    groups: dict[str, WantedGroup] = {}
    draws: dict[str, str] = {}
    salts: frozenset[str] = frozenset()


def allocated(lock: Lock, wanted: Wanted, *, renamed: Mapping[str, str] | None = None) -> Lock:
    """Return the lock that gives what is wanted, moving nothing that need not move.

    Args:
        lock: What was given out before.
        wanted: What is asked for now; a group or claim that isn't asked for any more is retired.
        renamed: New name by old, of claims and groups: they keep slices and salts.

    Raises:
        Conflict: If a group hasn't room for what its claims ask for, or a salt would change or be used twice.
        Invalid: If a name to be changed isn't in the lock, or the new one is taken already.

    Example:
        >>> first = allocated(Lock(), Wanted({"page": WantedGroup({"a": 200_000})}))
        >>> second = allocated(first, Wanted({"page": WantedGroup({"a": 300_000, "b": 500_000})}))
        >>> second.groups["page"].claims
        {'a': (Slice(start=0, stop=300000),), 'b': (Slice(start=300000, stop=800000),)}
    """
    lock = _renamed(lock, renamed or {})
    salts = _Salts(lock, wanted)
    groups = {name: _group(name, lock.groups.get(name), wanted.groups[name], salts) for name in sorted(wanted.groups)}
    draws = {name: salts.of_draw(name) for name in sorted(wanted.draws)}
    live = {group.salt for group in groups.values()} | set(draws.values())
    gone = {group.salt for group in lock.groups.values()} | set(lock.draws.values())
    return Lock(groups, draws, tuple(sorted({*lock.retired, *gone} - live)))


def _group(name: str, before: Group | None, wanted: WantedGroup, salts: "_Salts") -> Group:
    before = before or Group("")
    room = _Room(name, before, wanted)
    holdback = room.given("", wanted.holdback)
    claims = {claim: room.given(claim, wanted.claims[claim]) for claim in sorted(wanted.claims)}
    gone = {claim: held for claim, held in before.claims.items() if claim not in claims and held}
    retired = {**before.retired, **gone}
    retired = {claim: retired[claim] for claim in sorted(retired) if claim not in claims}
    return Group(salts.of_group(name), holdback, claims, retired)


class _Room:
    """The buckets of one group while they are given out: first everybody's kept ones, then what is free."""

    def __init__(self, name: str, before: Group, wanted: WantedGroup) -> None:
        self._name = name
        asked = {"": wanted.holdback, **wanted.claims}
        held = {"": before.holdback, **before.claims}
        self._kept = {claim: shrunk(held.get(claim, ()), buckets) for claim, buckets in asked.items()}
        self._free = list(free(part for slices in self._kept.values() for part in slices))

    def given(self, claim: str, buckets: int) -> Slices:
        """Return what a claim holds from now on."""
        kept = self._kept[claim]
        missing = buckets - size(kept)
        left = size(self._free)
        if missing > left:
            who = f"claim '{claim}'" if claim else "its holdback"
            more = f" ({percent(missing)} more than it holds)" if kept else ""
            raise Conflict(
                f"group '{self._name}' has {percent(left)} left, and {who} asks for {percent(buckets)}{more}: "
                "ask for less, lower or remove another claim of the group, or claim from another group"
            )
        while missing > 0:
            part = self._next(kept, missing)
            self._free = list(_without(self._free, part))
            kept = _joined(kept, part)
            missing -= len(part)
        return kept

    def _next(self, kept: Slices, missing: int) -> Slice:
        """Return the run to take: what follows the last slice, else the smallest that is enough, else the largest."""
        follows = [run for run in self._free if kept and run.start == kept[-1].stop]
        enough = [run for run in self._free if len(run) >= missing]
        largest = max(self._free, key=len)
        run = follows[0] if follows else min(enough, key=len) if enough else largest
        return Slice(run.start, min(run.stop, run.start + missing))


def _joined(slices: Slices, part: Slice) -> Slices:
    if slices and slices[-1].stop == part.start:
        return (*slices[:-1], Slice(slices[-1].start, part.stop))
    return (*slices, part)


def shrunk(slices: Slices, buckets: int) -> Slices:
    """Return the first of some slices, as given, up to so many buckets.

    Example:
        >>> shrunk((Slice(500, 600), Slice(0, 50)), 120)
        (Slice(start=500, stop=600), Slice(start=0, stop=20))
    """
    kept: list[Slice] = []
    for part in slices:
        left = buckets - size(kept)
        if left <= 0:
            break
        kept.append(Slice(part.start, min(part.stop, part.start + left)))
    return tuple(kept)


def free(taken: Iterable[Slice], buckets: int = BUCKETS) -> Iterator[Slice]:
    """Yield the runs that some disjoint slices leave, in order.

    Example:
        >>> [*free([Slice(200, 300), Slice(0, 100)], 1000)]
        [Slice(start=100, stop=200), Slice(start=300, stop=1000)]
    """
    reached = 0
    for part in sorted(taken):
        if part.start > reached:
            yield Slice(reached, part.start)
        reached = max(reached, part.stop)
    if reached < buckets:
        yield Slice(reached, buckets)


def _without(runs: Iterable[Slice], part: Slice) -> Iterator[Slice]:
    """Yield the runs without a part that begins where one of them does."""
    for run in runs:
        if run.start != part.start:
            yield run
        elif run.stop > part.stop:
            yield Slice(part.stop, run.stop)


class _Salts:
    """Finds each group's and each lone allocation's salt: the one it has, else the one asked for, else a new one."""

    def __init__(self, lock: Lock, wanted: Wanted) -> None:
        self._lock = lock
        self._wanted = wanted
        explicit = [group.salt for group in wanted.groups.values()] + [*wanted.draws.values()]
        live = [group.salt for group in lock.groups.values()] + [*lock.draws.values()]
        self._taken = {*lock.retired, *wanted.salts, *explicit, *live}
        moved = {salt for name, salt in lock.draws.items() if name not in wanted.draws}
        self._used = {*lock.retired, *live} - moved

    def of_group(self, name: str) -> str:
        asked = self._wanted.groups[name].salt
        before = self._lock.groups.get(name)
        if before is None:
            return self._new(name, asked, f"group '{name}'")
        if asked and asked != before.salt:
            raise Conflict(
                f"group '{name}' draws under salt '{before.salt}', and '{asked}' would deal all of its units anew: "
                f"write salt: {before.salt}, or give the new group a name of its own"
            )
        return before.salt

    def of_draw(self, name: str) -> str:
        asked, before = self._wanted.draws[name], self._lock.draws.get(name, "")
        return before if before and asked in ("", before) else self._new(name, asked, f"allocation of '{name}'")

    def _new(self, name: str, asked: str, who: str) -> str:
        if not asked:
            made = unused(name, self._taken)
            self._taken.add(made)
            return made
        if asked in self._used:
            raise Conflict(
                f"salt '{asked}' of {who} was used before, and would draw the same units again: write another, "
                f"such as {unused(asked, self._taken)}; or, where a name was changed, rename it in the lock"
            )
        return asked


def unused(name: str, taken: Iterable[str]) -> str:
    """Return a salt made of a name: the name, or with the first number that isn't taken.

    Example:
        >>> unused("page", []), unused("page", ["page", "page.2"])
        ('page', 'page.3')
    """
    known = frozenset(taken)
    if name not in known:
        return name
    return next(made for number in range(2, len(known) + 3) if (made := f"{name}.{number}") not in known)


def _renamed(lock: Lock, renamed: Mapping[str, str]) -> Lock:
    claims = {claim for group in lock.groups.values() for claim in group.claims}
    known = {*lock.groups, *lock.draws, *claims}
    for old, new in renamed.items():
        if old not in known:
            raise Invalid(f"'{old}' is no claim and no group of the lock: rename one that it holds")
        if new in known:
            raise Invalid(f"'{old}' can't become '{new}', which is in the lock already: take another name")

    def name(old: str) -> str:
        return renamed.get(old, old)

    groups = {
        name(key): replace(group, claims={name(claim): held for claim, held in group.claims.items()})
        for key, group in lock.groups.items()
    }
    return replace(lock, groups=groups, draws={name(claim): salt for claim, salt in lock.draws.items()})


def percent(buckets: int) -> str:
    """Write buckets as a share of the whole.

    Example:
        >>> percent(125_000), percent(333_333)
        ('12.5 %', '33.3333 %')
    """
    return f"{buckets * 100 / BUCKETS:.4f}".rstrip("0").rstrip(".") + " %"


def changes(before: Lock, after: Lock) -> Iterator[str]:
    """Yield what a new lock changes, one sentence each.

    Example:
        >>> [*changes(Lock(), Lock({"page": Group("page", (), {"a": (Slice(0, 200_000),)})}))]
        ["claim 'a' of group 'page' has 20 % (it had none)"]
    """
    for name in sorted({*before.groups, *after.groups}):
        old, new = before.groups.get(name, Group("")), after.groups.get(name, Group(""))
        held = {"": old.holdback, **old.claims}
        holds = {"": new.holdback, **new.claims}
        for claim in sorted({*held, *holds}):
            yield from _change(claim, name, held.get(claim), holds.get(claim))
    for name in sorted({*before.draws, *after.draws}):
        if before.draws.get(name) != after.draws.get(name):
            salt = after.draws.get(name)
            yield f"allocation of '{name}' draws under salt '{salt}'" if salt else f"allocation of '{name}' is retired"


def _change(claim: str, group: str, held: Slices | None, holds: Slices | None) -> Iterator[str]:
    who = f"claim '{claim}' of group '{group}'" if claim else f"holdback of group '{group}'"
    if holds is None:
        yield f"{who} is retired: {percent(size(held or ()))} are free again"
    elif held != holds and (claim or held or holds):
        had = "none" if not held else percent(size(held))
        yield f"{who} has {percent(size(holds))} (it had {had})"
