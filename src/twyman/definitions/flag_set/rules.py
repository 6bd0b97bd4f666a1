"""Rules of a flag: whom each speaks to, and how its units are dealt out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from twyman.definitions.flag_documents import RuleDocument, StickyDocument
from twyman.definitions.flag_set.shares import buckets
from twyman.definitions.flag_set.targeting import Reference, Targeting
from twyman.definitions.flag_set.values import RESERVED
from twyman.definitions.node import Mapped, Node
from twyman.definitions.subject import Subject
from twyman.flags.allocation import percent
from twyman.flags.bucketing import BUCKETS
from twyman.flags.flag import Assigned, Outcome, Rule, Split, Sticky
from twyman.flags.lanes import from_end, lanes, merged
from twyman.flags.slices import Claim, Slice, size
from twyman.kernel.errors import nearest

SHARE_OF = "#share"
"""Behind a rule's salt, in the salt of its share: two draws, so that who is in says nothing of who gets what."""


@dataclass(frozen=True, slots=True)
class Salted:
    """The salt that a rule gives its draw, and where; empty where it gives none, and needs one."""

    rule: str
    salt: str
    path: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Reads the rules of one flag.

    Attributes:
        references: Segments and other flags that the rules name.
        salts: Salt of each rule's draw; empty where one is missing.
    """

    subject: Subject
    flag: str
    variants: tuple[str, ...]
    zone: str = "UTC"
    references: list[Reference] = field(default_factory=list[Reference])
    salts: list[Salted] = field(default_factory=list[Salted])

    def read(self, written: RuleDocument, node: Node, path: str) -> Rule:
        """Read a rule; what is wrong with it is noted with the subject."""
        when = node.get("when") if isinstance(node, Mapped) else None
        targeting = Targeting(self.subject, self.zone, self.references)
        if written.segment is not None:
            self.references.append(Reference(written.segment, f"{path}.segment"))
        split, claims = self._dealt(written, path)
        return Rule(
            name=written.name,
            split=split,
            segment=written.segment or "",
            when=targeting.expression(when, f"{path}.when") if when is not None else None,
            claims=claims,
            by=written.by or "",
            enabled=written.enabled,
            environments=tuple(written.environments or ()),
            sticky=self._sticky(written),
            experiment=written.experiment or "",
        )

    def _sticky(self, written: RuleDocument) -> Sticky | None:
        said = written.sticky
        if said is False:
            return None
        asked = said if isinstance(said, StickyDocument) else StickyDocument()
        store = asked.store or f"{self.flag}.{written.name}"
        return Sticky(store, store, asked.paused, asked.ignore_targeting)

    def _dealt(self, written: RuleDocument, path: str) -> tuple[Split, tuple[Claim, ...]]:
        sides = self._sides(written, path)
        share = BUCKETS
        if written.share is not None:
            share = self.subject.attempt(f"{path}.share", buckets, written.share, BUCKETS)
        if sides is None or not self._sums_up(sides, written, path):
            return Split(()), ()
        if written.otherwise is not None and written.share is not None:
            sides = self._scaled(sides, share, path)
        split = Split(tuple(_assigned(sides, written.otherwise)), written.salt or "")
        is_claim = written.share is not None and written.otherwise is None and share < BUCKETS
        self._check_salt(written, path, draws=is_claim or not split.is_whole)
        claims = (Claim(f"{written.salt}{SHARE_OF}", merged([Slice(0, share)])),) if is_claim else ()
        return split, claims

    def _sides(self, written: RuleDocument, path: str) -> Mapping[str, int] | None:
        """Return the buckets of each side that is named; `None` where that can't be said."""
        if (written.split is None) == (written.serve is None):
            has = "both split and serve" if written.split is not None else "neither split nor serve"
            self.subject.refuse(path, f"rule '{written.name}' has {has}, and says once what its units get: write one")
            return None
        if written.serve is not None:
            self._check_variant(written.serve, f"{path}.serve")
            return {written.serve: BUCKETS}
        sides: dict[str, int] = {}
        before = len(self.subject.errors)
        for name, share in (written.split or {}).items():
            at = f"{path}.split.{name}"
            self._check_variant(name, at)
            sides[name] = self.subject.attempt(at, buckets, share, 0)
        return sides if len(self.subject.errors) == before else None

    def _check_variant(self, name: str, path: str) -> None:
        if name not in (*self.variants, *RESERVED):
            self.subject.refuse(
                path, f"variant '{name}' isn't one of the flag's: {nearest(name, (*self.variants, *RESERVED))}"
            )

    def _sums_up(self, sides: Mapping[str, int], written: RuleDocument, path: str) -> bool:
        total = sum(sides.values())
        at = f"{path}.split" if written.split is not None else f"{path}.serve"
        if total > BUCKETS:
            self.subject.refuse(at, f"shares sum to {percent(total)}, and there is only 100 %: lower some")
        elif total < BUCKETS and (written.otherwise is None or written.share is not None):
            cure = "raise some" if written.share is not None else "raise some, or say what the rest gets by otherwise"
            self.subject.refuse(
                at, f"shares sum to {percent(total)}, and {percent(BUCKETS - total)} get nothing: {cure}"
            )
        elif total == BUCKETS and written.otherwise is not None and written.share is None:
            self.subject.refuse(
                f"{path}.otherwise", "'otherwise' is for the rest, and nobody is left: add a share, or leave it out"
            )
        else:
            return True
        return False

    def _scaled(self, sides: Mapping[str, int], share: int, path: str) -> Mapping[str, int]:
        for name, each in sides.items():
            if each * share % BUCKETS:
                self.subject.refuse(
                    f"{path}.share",
                    f"share {percent(share)} of {percent(each)} for '{name}' comes to no whole bucket: "
                    "choose shares whose product has at most four decimals of a percent",
                )
        return {name: each * share // BUCKETS for name, each in sides.items()}

    def _check_salt(self, written: RuleDocument, path: str, *, draws: bool) -> None:
        if written.salt is not None:
            check_salt(written.salt, f"{path}.salt", self.subject)
            if draws:
                self.salts.append(Salted(written.name, written.salt, f"{path}.salt"))
        elif draws:
            self.salts.append(Salted(written.name, "", path))


def check_salt(salt: str, path: str, subject: Subject) -> None:
    """Refuse a salt that could run into an id, or into a salt that is made of another."""
    if not salt or len(salt) > 100 or any(each in "|#" or each.isspace() for each in salt):
        subject.refuse(
            path, f"salt {salt[:60]!r} can't be told from what stands beside it: write letters, digits, -, _ and dots"
        )


def _assigned(sides: Mapping[str, int], otherwise: str | None) -> Iterator[Assigned]:
    """Yield the sides that anybody falls to: variants in their lanes, all else where they leave room."""
    laid, rest = lanes({name: share for name, share in sides.items() if name not in RESERVED})
    left = [*rest]
    for name, share in sides.items():
        if name in RESERVED:
            taken, left = from_end(left, share)
            laid[name] = merged(taken)
    for name in sides:
        if laid[name]:
            is_variant = name not in RESERVED
            yield Assigned(laid[name], name if is_variant else "", Outcome.VARIANT if is_variant else Outcome(name))
    if otherwise is not None and size(left):
        yield Assigned(merged(left), to=Outcome(otherwise))


def never_reached(rules: tuple[Rule, ...]) -> Iterator[tuple[int, Rule]]:
    """Yield the place of each rule that no unit gets to, and the rule before it that takes them all."""
    ends: Rule | None = None
    for place, rule in enumerate(rules):
        if ends is not None:
            yield place, ends
        elif _takes_all(rule):
            ends = rule


def _takes_all(rule: Rule) -> bool:
    is_for_all = rule.enabled and not (rule.segment or rule.when or rule.claims or rule.environments or rule.by)
    sides = rule.split.assigned
    served = sum(size(side.slices) for side in sides if side.to is not Outcome.FALLTHROUGH)
    return is_for_all and served == BUCKETS and not (rule.sticky and rule.sticky.paused)
