"""Flags: variants, and ordered rules with the splits that deal their units out."""

from twyman.flags.dialects.confidence.piece import (
    Piece,
    Unreadable,
    items,
    message,
    only,
    short,
    text,
    texts,
    truth,
    whole,
)
from twyman.flags.dialects.confidence.value import schema, value
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky, Variant
from twyman.flags.slices import Slice
from twyman.flags.targeting import Broken

_OUTCOMES = {
    "variant": Outcome.VARIANT,
    "fallthrough": Outcome.FALLTHROUGH,
    "clientDefault": Outcome.CLIENT_DEFAULT,
}


def flag(name: str, given: object) -> Flag:
    """Read a flag under a name; one that can't be read is broken, and so is, alone, a rule that can't be.

    Example:
        >>> flag("new-page", {"state": "ACTIVE", "clients": ["clients/web"]}).clients
        ('web',)
        >>> flag("new-page", {"variants": 7}).broken
        'variants is int 7, where a list was expected'
    """
    try:
        return _flag(name, message(given, "flag"))
    except Unreadable as error:
        return Flag(name, (), broken=str(error))


def _flag(name: str, given: Piece) -> Flag:
    kind = schema(given.get("schema"))
    variants = [message(each, "variant") for each in items(given.get("variants"), "variants")]
    rules = items(given.get("rules"), "rules")
    return Flag(
        name,
        tuple(Variant(text(each.get("name"), "variant's name"), value(each.get("value"), kind)) for each in variants),
        tuple(_rule(each, place) for place, each in enumerate(rules)),
        schema=kind,
        clients=tuple(short(client, "clients") for client in texts(given.get("clients"), "clients")),
        archived=given.get("state") not in ("ACTIVE", 1),
    )


def _rule(given: object, place: int) -> Rule:
    """Read a rule; one that can't be read matches nobody, and says why."""
    name = f"rule {place + 1}"
    try:
        rule = message(given, "rule")
        name = text(rule.get("name"), "rule's name") or name
        return _readable_rule(name, rule)
    except Unreadable as error:
        return Rule(name, Split(()), when=Broken(str(error)))


def _readable_rule(name: str, rule: Piece) -> Rule:
    segment = text(rule.get("segment"), "segment")
    if not segment:
        raise Unreadable("it names no segment")
    return Rule(
        name,
        _split(message(rule.get("assignmentSpec"), "assignmentSpec"), segment),
        short(segment, "segments"),
        by=text(rule.get("targetingKeySelector"), "targetingKeySelector"),
        enabled=truth(rule.get("enabled"), "enabled"),
        environments=texts(rule.get("environments"), "environments"),
        sticky=_sticky(message(rule.get("materializationSpec"), "materializationSpec")),
    )


def _split(spec: Piece, segment: str) -> Split:
    """Read how units are dealt out; their salt is the segment's own name, up to its next slash."""
    parts = segment.split("/")
    sides = [_side(message(each, "assignment")) for each in items(spec.get("assignments"), "assignments")]
    buckets = whole(spec.get("bucketCount"), "bucketCount")
    return Split(tuple(side for side in sides if side), parts[1] if len(parts) > 1 else segment, buckets)


def _side(given: Piece) -> Assigned | None:
    """Read one side; `None` where it assigns nothing that is known, so that its units go on to the next rule."""
    found = only(given, tuple(_OUTCOMES))
    if found is None:
        return None
    ranges = [message(each, "bucketRange") for each in items(given.get("bucketRanges"), "bucketRanges")]
    return Assigned(
        tuple(Slice(whole(each.get("lower"), "lower"), whole(each.get("upper"), "upper")) for each in ranges),
        text(message(found[1], "variant").get("variant"), "variant") if found[0] == "variant" else "",
        _OUTCOMES[found[0]],
        text(given.get("assignmentId"), "assignmentId"),
    )


def _sticky(spec: Piece) -> Sticky | None:
    reads = text(spec.get("readMaterialization"), "readMaterialization")
    writes = text(spec.get("writeMaterialization"), "writeMaterialization")
    mode = message(spec.get("mode"), "mode")
    paused = truth(mode.get("materializationMustMatch"), "materializationMustMatch")
    ignores = truth(mode.get("segmentTargetingCanBeIgnored"), "segmentTargetingCanBeIgnored")
    return Sticky(reads, writes, paused, ignores) if reads or writes else None
