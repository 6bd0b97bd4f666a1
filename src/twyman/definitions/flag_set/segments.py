"""Segments: whom they speak to, the ids they list, and the shares they claim."""

from dataclasses import dataclass, field
from pathlib import Path

from twyman.definitions.flag_documents import AllocationDocument, SegmentDocument
from twyman.definitions.flag_set.rules import check_salt
from twyman.definitions.flag_set.shares import buckets
from twyman.definitions.flag_set.targeting import Reference, Targeting
from twyman.definitions.node import Mapped
from twyman.definitions.subject import Subject
from twyman.definitions.terms import probability
from twyman.flags.context import LONGEST_UNIT
from twyman.flags.population import BloomFilter, IdList, Population
from twyman.flags.targeting import All, Expression, InPopulation

FALSE_POSITIVES = 0.001
"""Share of strangers that a Bloom filter takes in, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A share that a segment claims, of a group or (without one) of a draw of its own."""

    group: str
    buckets: int
    salt: str
    path: str


@dataclass(frozen=True, slots=True)
class ReadSegment:
    """A segment before its slices are known."""

    name: str
    subject: Subject
    when: Expression | None = None
    population: Population | None = None
    asked: tuple[Asked, ...] = ()
    references: list[Reference] = field(default_factory=list[Reference])


def segment(document: SegmentDocument, node: Mapped, subject: Subject, *, root: Path, zone: str) -> ReadSegment:
    """Read a segment; what is wrong with it is noted with the subject."""
    targeting = Targeting(subject, zone)
    when = node.get("when")
    parts = [targeting.expression(when, "when")] if when is not None else list[Expression]()
    population = _population(document, subject, root)
    if population is not None:
        parts.append(InPopulation(document.name))
    whole = None if not parts else parts[0] if len(parts) == 1 else All(tuple(parts))
    return ReadSegment(document.name, subject, whole, population, _asked(document, subject), targeting.references)


def _asked(document: SegmentDocument, subject: Subject) -> tuple[Asked, ...]:
    said = document.allocation
    many = isinstance(said, list)
    asked: list[Asked] = []
    for place, each in enumerate(said if isinstance(said, list) else [said] if said else []):
        path = f"allocation.{place}" if many else "allocation"
        if any(other.group == (each.group or "") for other in asked):
            where = f"of group '{each.group}'" if each.group else "outside any group"
            subject.refuse(path, f"it claims a share {where} twice: write one claim, of the share that is meant")
            continue
        asked.append(_one(each, path, subject))
    return tuple(asked)


def _one(written: AllocationDocument, path: str, subject: Subject) -> Asked:
    if written.salt is not None:
        check_salt(written.salt, f"{path}.salt", subject)
        if written.group is not None:
            subject.refuse(
                f"{path}.salt", f"'{path}' draws under its group's salt: leave salt out here, or write it in the group"
            )
    share = subject.attempt(f"{path}.share", buckets, written.share, 0)
    return Asked(written.group or "", share, written.salt or "", path)


def _population(document: SegmentDocument, subject: Subject, root: Path) -> Population | None:
    ships_bloom = document.ship == "bloom"
    if document.false_positives is not None and not ships_bloom:
        subject.refuse("false_positives", "'false_positives' is of a Bloom filter: add ship: bloom, or leave it out")
    if document.units is None:
        if ships_bloom:
            subject.refuse("ship", "'ship' is of a list of units, and there is none: add units, or leave it out")
        return None
    ids = document.units if isinstance(document.units, list) else _of_file(document.units.file, root, subject)
    for place, each in enumerate(ids):
        if not each or len(each) > LONGEST_UNIT:
            subject.refuse(
                f"units.{place}",
                f"id {each[:20]!r} has {len(each)} characters, and one has 1 to {LONGEST_UNIT}: correct it",
            )
    if not ships_bloom:
        return IdList(frozenset(ids))
    return _bloom(document, ids, subject)


def _bloom(document: SegmentDocument, ids: list[str], subject: Subject) -> Population:
    rate = FALSE_POSITIVES
    if document.false_positives is not None:
        rate = subject.attempt("false_positives", probability, document.false_positives, FALSE_POSITIVES)
    try:
        return BloomFilter.of(ids, false_positives=rate)
    except ValueError:
        why = f"'false_positives' of {rate:g} is less than any filter can keep to: write 0.1%, or ship: ids"
        subject.refuse("false_positives", why)
        return IdList(frozenset(ids))


def _of_file(name: str, root: Path, subject: Subject) -> list[str]:
    try:
        text = (root / name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        subject.refuse("units.file", f"file '{name}' isn't text in UTF-8: write one id a line")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path"
        subject.refuse("units.file", f"file '{name}' can't be read ({why}): check the path, from the project's folder")
    else:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return []
