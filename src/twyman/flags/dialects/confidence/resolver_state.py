"""A whole state: its shapes, and its flags, segments, populations and clients as ours."""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from hashlib import sha256
from typing import cast

import msgspec

from twyman.flags.dialects.confidence import wire
from twyman.flags.dialects.confidence.bitset import MOST_RUNS, as_bytes, of_indices, unpacked
from twyman.flags.dialects.confidence.flag import flag
from twyman.flags.dialects.confidence.piece import Piece, Unreadable, items, message, short, text, texts, whole
from twyman.flags.dialects.confidence.targeting import targeting
from twyman.flags.population import BloomFilter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Client, Credential, Segment, State
from twyman.flags.targeting import Broken
from twyman.kernel.errors import Invalid

GUAVA = 1
"""The one strategy of Bloom filters: `MURMUR128_MITZ_64`."""

_FIELDS = {"flags", "segments", "segmentsNoBitsets", "bitsets", "bloomFilters", "clients", "clientCredentials"}


def state(document: bytes | Mapping[str, object], *, account: str = "") -> State:
    """Read a state of Confidence's resolver as it is, so that no unit moves.

    A piece that can't be read is kept as a broken one, with its reason; everything else works.

    Args:
        document: The message `ResolverState` in binary or as JSON, or the JSON of the published test suite.
        account: Id of the account (`accounts/` before it is allowed), whose salt all allocations share. Needed
            where the document doesn't name it and some allocation is neither everybody nor nobody.

    Raises:
        Invalid: If it is no such document.

    Example:
        >>> rule = {"name": "flags/a/rules/1", "segment": "segments/all", "enabled": True, "assignmentSpec": {}}
        >>> found = state({"flags": [{"name": "flags/a", "state": "ACTIVE", "rules": [rule]}]})
        >>> found.flags["a"].rules[0].segment
        'all'
    """
    try:
        whole_state = _decoded(document)
        named = text(message(whole_state.get("account"), "account").get("name"), "name of the account")
        return _state(whole_state, _account(account or named))
    except Unreadable as error:
        raise Invalid(f"this is no state of Confidence's ({error}): fetch it again") from None


def _decoded(document: bytes | Mapping[str, object]) -> Piece:
    found = _of_bytes(document) if isinstance(document, bytes) else message(document, "document")
    if not _FIELDS & found.keys():
        raise Unreadable("it holds neither flags nor segments nor clients")
    return found


def _of_bytes(document: bytes) -> Piece:
    """Read JSON, or the binary form, whose first byte is a new line's: so that a brace after it may be a length."""
    if document.startswith((b"{", b"[")):
        return _of_json(document)
    try:
        return wire.resolver_state(document)
    except Unreadable:
        if not document.lstrip().startswith((b"{", b"[")):
            raise
        return _of_json(document)


def _of_json(document: bytes) -> Piece:
    try:
        return message(msgspec.json.decode(document), "document")
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from None


def _account(name: str) -> str:
    """Return the account's id: what stands after the first slash, or all there is."""
    parts = name.split("/")
    return parts[1] if len(parts) > 1 else name


def _state(given: Piece, account: str) -> State:
    claims = _claims(given.get("bitsets"), account)
    segments = given["segments"] if "segments" in given else given.get("segmentsNoBitsets")
    return State(
        {name: flag(name, each) for name, each in _named(given.get("flags"), "flags")},
        {name: _segment(name, each, claims.get(name, ())) for name, each in _named(segments, "segments")},
        dict(_populations(given.get("bloomFilters"))),
        _clients(given),
    )


def _named(given: object, collection: str, key: str = "name") -> Iterator[tuple[str, object]]:
    """Yield pieces with their short names, from a map of names or a list of pieces that know their own."""
    if isinstance(given, Mapping):
        for name, each in message(cast("Piece", given), collection).items():
            yield short(text(name, "name"), collection), each
        return
    for place, each in enumerate(items(given, collection)):
        name = cast("Piece", each).get(key) if isinstance(each, Mapping) else None
        try:
            yield short(text(name, key), collection) or f"{collection}[{place}]", each
        except Unreadable:
            yield f"{collection}[{place}]", None


def _segment(name: str, given: object, claims: tuple[Claim, ...] | str) -> Segment:
    if isinstance(claims, str):
        return Segment(name, Broken(claims))
    try:
        return Segment(name, targeting(message(given, "segment").get("targeting")), claims)
    except Unreadable as error:
        return Segment(name, Broken(str(error)))


def _claims(bitsets: object, account: str) -> dict[str, tuple[Claim, ...] | str]:
    """Return each segment's claims, or why its bitset can't be read; a segment without a bitset is everybody."""
    found: dict[str, tuple[Claim, ...] | str] = {}
    room = MOST_RUNS
    for name, given in _named(bitsets, "segments", "segment"):
        try:
            slices = _slices(given, room)
            found[name] = () if slices is None else (_claim(slices, account, room),)
            room -= len(slices or ())
        except Unreadable as error:
            found[name] = str(error)
    return found


def _slices(bitset: object, room: int) -> tuple[Slice, ...] | None:
    """Return the buckets of a bitset in any of its forms; `None` for all of them."""
    if isinstance(bitset, list):
        return of_indices(cast("list[object]", bitset))
    if bitset == "ALL":
        return None
    packed = message(bitset, "bitset")
    if packed.get("gzippedBitset") is not None:
        return unpacked(packed["gzippedBitset"], most=room)
    if packed.get("fullBitset") is True:
        return None
    raise Unreadable("its bitset is of a kind that isn't known")


def _claim(slices: tuple[Slice, ...], account: str, room: int) -> Claim:
    if len(slices) > room:
        raise Unreadable(f"the state's bitsets are in more than {MOST_RUNS:,} pieces")
    if slices and not account:
        raise Unreadable("its allocation is salted with the account's id, which the state doesn't hold: give it")
    return Claim(f"MegaSalt-{account}", slices)


def _populations(given: object) -> Iterator[tuple[str, BloomFilter]]:
    """Yield Bloom filters by name; one that can't be read is left out, so that the memory is asked instead."""
    for name, each in _named(given, "", "materializedSegment"):
        try:
            filter_ = message(each, "Bloom filter")
            if whole(filter_.get("strategy"), "strategy") != GUAVA:
                continue
            bits, hashes = whole(filter_.get("bitCount"), "bitCount"), whole(filter_.get("hashFunctionCount"), "hashes")
            yield name, BloomFilter(as_bytes(filter_.get("data"), "data"), hashes, bits)
        except (Unreadable, ValueError):
            continue


def _clients(given: Piece) -> dict[str, Client]:
    """Return clients with the secrets they show; a credential that can't be read opens nothing."""
    credentials: defaultdict[str, list[Credential]] = defaultdict(list)
    for client, credential, secret in _secrets(given):
        held = credentials[short(client, "clients")]
        try:
            digest = sha256(text(secret, "secret").encode()).hexdigest()
            places = texts(credential.get("environments"), "environments")
            held += [Credential(text(credential.get("name"), "name"), digest, places)] if secret else []
        except Unreadable:
            continue
    return {name: Client(name, credentials=tuple(held)) for name, held in credentials.items() if name}


def _secrets(given: Piece) -> Iterator[tuple[str, Piece, str]]:
    """Yield each client with a credential and its secret, and once without."""
    clients = given.get("clients")
    if isinstance(clients, Mapping):
        for secret, each in message(cast("Piece", clients), "clients").items():
            yield _name(_field(each, "client")), _field(each, "clientCredential"), secret
        return
    names = dict.fromkeys(_name(each) for each in items(clients, "clients"))
    yield from ((name, {}, "") for name in names)
    for each in items(given.get("clientCredentials"), "clientCredentials"):
        yield _owner(_name(each), names), _message_or_nothing(each), _secret(each)


def _owner(credential: str, names: Container[str]) -> str:
    """Return whose a credential is: `clients/web` has `clients/web/clientCredentials/x`."""
    parts = credential.split("/", 3)[:3]
    return next((name for size in (1, 2) if (name := "/".join(parts[:size])) in names and parts[size:]), "")


def _secret(credential: object) -> str:
    secret = _field(credential, "clientSecret").get("secret")
    return secret if isinstance(secret, str) else ""


def _name(given: object) -> str:
    name = _message_or_nothing(given).get("name")
    return name if isinstance(name, str) else ""


def _field(given: object, name: str) -> Piece:
    return _message_or_nothing(_message_or_nothing(given).get(name))


def _message_or_nothing(given: object) -> Piece:
    try:
        return message(given, "message")
    except Unreadable:
        return {}
