"""What definitions of flags say of each other: that it is there, drawn by a salt of its own, and leads nowhere back."""

from collections.abc import Iterator
from dataclasses import dataclass

from twyman.definitions.flag_set.circles import circles
from twyman.definitions.flag_set.collection import Collection, ReadFlag
from twyman.definitions.flag_set.targeting import Reference
from twyman.definitions.subject import Subject
from twyman.flags.allocation import unused
from twyman.flags.faults import faults_of
from twyman.flags.state import State
from twyman.kernel.errors import nearest


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A salt that a file gives: to whom, and where."""

    salt: str
    who: str
    path: str
    subject: Subject


@dataclass(frozen=True, slots=True)
class Checks:
    """Holds the definitions of a folder together; what is wrong is noted with each."""

    held: Collection
    state: State

    def run(self) -> None:
        """Check everything."""
        self._check_references()
        self._check_salts()
        for each in self.held.flags.values():
            self._check_clients(each)
            self._check_environments(each)
        self._check_whole()

    def _check_references(self) -> None:
        segments = self.held.declared("segment", self.state.segments)
        flags = self.held.declared("flag", self.state.flags)
        for each in (*self.held.flags.values(), *self.held.segments.values()):
            for reference in each.references:
                if not reference.variants and reference.name not in segments:
                    known = nearest(reference.name, segments)
                    each.subject.refuse(reference.path, f"segment '{reference.name}' isn't defined: {known}")
                elif reference.variants and reference.name not in flags:
                    known = nearest(reference.name, flags)
                    each.subject.refuse(reference.path, f"flag '{reference.name}' isn't defined: {known}")
                self._check_variants(reference, each.subject)

    def _check_variants(self, reference: Reference, subject: Subject) -> None:
        found = self.state.flags.get(reference.name)
        known = [each.name for each in found.variants] if found else []
        for name in reference.variants:
            if known and name not in known:
                subject.refuse(
                    reference.path, f"variant '{name}' isn't one of flag '{reference.name}': {nearest(name, known)}"
                )

    def _check_salts(self) -> None:
        """Refuse a draw without a salt, and two draws with one: they would deal the same units alike."""
        lock = self.held.lock.lock
        taken = {group.salt: f"group '{name}'" for name, group in lock.groups.items()}
        taken |= {salt: f"the allocation of '{name}'" for name, salt in lock.draws.items()}
        for drawn in self._drawn():
            if drawn.salt:
                self._take(drawn, taken)
        for name, each in self.held.flags.items():
            for salted in each.salts:
                if not salted.salt:
                    made = unused(f"{name}.{salted.rule}", {*taken, *lock.retired})
                    each.subject.refuse(
                        salted.path,
                        f"rule '{salted.rule}' draws units, and has no salt to draw them by: add salt: {made}, once, "
                        "and keep it through every later change",
                    )

    def _drawn(self) -> Iterator[_Drawn]:
        for name, (document, subject) in self.held.groups.items():
            yield _Drawn(document.salt or "", f"group '{name}'", "salt", subject)
        for name, each in self.held.segments.items():
            for asked in each.asked:
                yield _Drawn(asked.salt, f"the allocation of '{name}'", f"{asked.path}.salt", each.subject)
        for name, each in self.held.flags.items():
            for salted in each.salts:
                who = f"rule '{salted.rule}' of flag '{name}'"
                yield _Drawn(salted.salt, who, salted.path, each.subject)

    def _take(self, drawn: _Drawn, taken: dict[str, str]) -> None:
        retired = self.held.lock.lock.retired
        owner = taken.setdefault(drawn.salt, drawn.who)
        if owner == drawn.who and drawn.salt not in retired:
            return
        whose = "was used before, and is retired" if drawn.salt in retired else f"is also the one of {owner}"
        drawn.subject.refuse(
            drawn.path,
            f"salt '{drawn.salt}' {whose}, and one salt deals the same units alike: write another, such as "
            f"{unused(drawn.salt, {*taken, *retired})}",
        )

    def _check_clients(self, each: ReadFlag) -> None:
        """Hold clients that are named against those declared, where any is."""
        declared = self.held.declared("client", self.state.clients)
        for place, name in enumerate(each.document.clients or ()):
            if declared and name not in declared:
                each.subject.refuse(f"clients.{place}", f"client '{name}' isn't defined: {nearest(name, declared)}")

    def _check_environments(self, each: ReadFlag) -> None:
        known = {name for client in self.state.clients.values() for name in client.environments}
        for place, rule in enumerate(each.flag.rules):
            for at, name in enumerate(rule.environments):
                if known and name not in known:
                    path = f"rules.{place}.environments.{at}"
                    each.subject.refuse(path, f"environment '{name}' is no client's: {nearest(name, known)}")

    def _check_whole(self) -> None:
        """Name circles in full, and whatever else resolution would leave out."""
        flags = {("flag", name): each for name, each in self.held.flags.items()}
        nodes = {**flags, **{("segment", name): each for name, each in self.held.segments.items()}}
        for node, path, chain in circles({node: each.references for node, each in nodes.items()}):
            nodes[node].subject.refuse(path, f"it is defined by way of itself ({chain}): break the circle somewhere")
        faults = faults_of(self.state)
        left_out = [(("segment", name), "when", why) for name, why in faults.segments.items()]
        left_out += [(("flag", name), "rules", why) for name, why in faults.flags.items()]
        left_out += [(("flag", name), f"rules.{place}", why) for (name, place), why in faults.rules.items()]
        for node, path, why in left_out:
            if node in nodes and not nodes[node].subject.errors and "left out" not in why:
                nodes[node].subject.refuse(path, f"{why}: write less, or flatter")
