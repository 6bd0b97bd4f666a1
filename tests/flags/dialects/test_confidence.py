"""Confidence's states in each of their forms, whole and damaged."""

import gzip
import json
import struct
from base64 import b64encode
from contextlib import suppress
from hashlib import shake_128
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.flags.confidence_cases import ABSENT, FOLDER

from twyman.flags import document
from twyman.flags.bucketing import bucket_of
from twyman.flags.dialects.confidence import bitset, state
from twyman.flags.evaluation import Reason
from twyman.flags.faults import broken_parts, faults_of
from twyman.flags.flag import Outcome, Sticky
from twyman.flags.population import BloomFilter
from twyman.flags.resolve import Interpreter
from twyman.flags.schema import Type
from twyman.flags.slices import Claim, Slice
from twyman.flags.targeting import All, AnyOf, Broken, In, InSegment, Is, Not, Range, Time, Unknown, Where
from twyman.kernel.errors import Invalid

Json = dict[str, Any]

FULL = [{"lower": 0, "upper": 10}]
ON = {"assignmentId": "a1", "variant": {"variant": "on"}, "bucketRanges": FULL}
RULE: Json = {
    "name": "flags/page/rules/r1",
    "segment": "segments/all",
    "enabled": True,
    "assignmentSpec": {"bucketCount": 10, "assignments": [ON]},
}
FLAG: Json = {
    "name": "flags/page",
    "state": "ACTIVE",
    "clients": ["clients/web"],
    "variants": [{"name": "on", "value": {"x": 1}}],
    "rules": [RULE],
}


def written(*flags: Json, **more: Any) -> Json:
    """Write a state in the published message's JSON, of one segment of everybody unless told otherwise."""
    return {"flags": list(flags or (FLAG,)), "segmentsNoBitsets": [{"name": "segments/all"}], **more}


def targeted(criterion: Any, expression: Any = None) -> Any:
    """Return how a segment with one criterion is read."""
    targeting = {"criteria": {"c": criterion}, "expression": expression or {"ref": "c"}}
    return state(written(segmentsNoBitsets=[{"name": "segments/all", "targeting": targeting}])).segments["all"].when


def read_as(**rule: Any) -> Any:
    """Return how a rule on an attribute is read."""
    found = targeted({"attribute": {"attributeName": "a", **rule}})
    assert isinstance(found, Where), found
    return found.test


# What is read


def test_a_flag_keeps_the_names_that_exposures_and_stores_refer_to() -> None:
    flag = state(written()).flags["page"]
    [rule] = flag.rules
    assert (rule.name, rule.segment, flag.clients) == ("flags/page/rules/r1", "all", ("web",))
    assert (rule.split.salt, rule.split.buckets, rule.split.assigned[0].id) == ("all", 10, "a1")


def test_the_salt_of_a_split_is_its_segments_own_name() -> None:
    rule = {**RULE, "segment": "segments/ab12/more"}
    assert state(written({**FLAG, "rules": [rule]})).flags["page"].rules[0].split.salt == "ab12"


def test_a_flag_that_isnt_active_is_archived_in_words_and_in_numbers() -> None:
    said = {"ACTIVE": False, 1: False, "ARCHIVED": True, 2: True, None: True, "STATE_UNSPECIFIED": True}
    found = {each: state(written({**FLAG, "state": each})).flags["page"].archived for each in said}
    assert found == said


def test_a_flag_for_no_client_is_seen_by_none() -> None:
    found = state(written({**FLAG, "clients": []}))
    assert Interpreter(found, client="web").evaluate("page", {}).reason is Reason.NOT_FOUND


def test_assignments_may_fall_through_or_leave_it_to_the_client() -> None:
    sides = [{"fallthrough": {}, "bucketRanges": FULL}, {"clientDefault": {}, "bucketRanges": FULL}]
    rule = {**RULE, "assignmentSpec": {"bucketCount": 10, "assignments": sides}}
    [read] = state(written({**FLAG, "rules": [rule]})).flags["page"].rules
    assert [side.to for side in read.split.assigned] == [Outcome.FALLTHROUGH, Outcome.CLIENT_DEFAULT]


def test_an_assignment_of_an_unknown_kind_passes_its_units_on() -> None:
    odd = {**RULE, "assignmentSpec": {"bucketCount": 10, "assignments": [{"bandit": {}, "bucketRanges": FULL}]}}
    found = Interpreter(state(written({**FLAG, "rules": [odd, {**RULE, "name": "r2"}]})))
    assert found.evaluate("page", {"targeting_key": "u"}).rule == "r2"


def test_a_rule_without_a_split_serves_nobody() -> None:
    found = Interpreter(state(written({**FLAG, "rules": [{**RULE, "assignmentSpec": None}]})))
    assert found.evaluate("page", {"targeting_key": "u"}).reason is Reason.NO_MATCH


def test_a_rule_is_off_unless_it_says_that_it_is_on() -> None:
    off = {name: value for name, value in RULE.items() if name != "enabled"}
    assert not state(written({**FLAG, "rules": [off]})).flags["page"].rules[0].enabled


def test_materializations_become_sticky() -> None:
    mode = {"materializationMustMatch": True, "segmentTargetingCanBeIgnored": True}
    spec = {"readMaterialization": "m/1", "writeMaterialization": "m/2", "mode": mode}
    [rule] = state(written({**FLAG, "rules": [{**RULE, "materializationSpec": spec}]})).flags["page"].rules
    assert rule.sticky == Sticky("m/1", "m/2", paused=True, ignores_targeting=True)


def test_a_value_has_all_the_fields_of_its_schema() -> None:
    inner = {"structSchema": {"schema": {"a": {"stringSchema": {}}, "b": {"boolSchema": {}}}}}
    schema = {
        "schema": {"n": {"intSchema": {}}, "s": inner, "l": {"listSchema": {"elementSchema": {"doubleSchema": {}}}}}
    }
    variant = {"name": "on", "value": {"n": 20.0, "s": {"a": "x"}, "own": 1.5}}
    flag = state(written({**FLAG, "schema": schema, "variants": [variant, {"name": "off"}]})).flags["page"]
    assert flag.variants[0].value == {"n": 20, "s": {"a": "x", "b": None}, "own": 1.5, "l": None}
    assert flag.variants[1].value == {"n": None, "s": None, "l": None}
    assert flag.schema is not None
    assert flag.schema.fields is not None
    assert flag.schema.fields["l"].items is not None
    assert flag.schema.fields["l"].items.type is Type.DOUBLE


def test_clients_show_secrets_that_are_known_by_their_digest_only() -> None:
    credential = {"name": "clients/web/credentials/1", "clientSecret": {"secret": "s3"}, "environments": ["prod"]}
    found = state(written(clients=[{"name": "clients/we"}, {"name": "clients/web"}], clientCredentials=[credential]))
    assert found.clients["we"].credentials == ()
    [held] = found.clients["web"].credentials
    assert (held.name, held.environments) == ("clients/web/credentials/1", ("prod",))
    assert b"s3" not in document.written(found)


# Criteria


def test_values_of_each_type_are_read() -> None:
    said = {
        "boolValue": (True, True),
        "numberValue": (1.5, 1.5),
        "stringValue": ("x", "x"),
        "versionValue": ({"version": "1.2"}, "1.2"),
        "timestampValue": ("2026-01-01T00:00:00Z", Time("2026-01-01T00:00:00Z")),
    }
    for kind, (given_, read) in said.items():
        assert read_as(eqRule={"value": {kind: given_}}) == Is(read)


def test_an_empty_value_is_null_and_a_missing_one_isnt_known() -> None:
    assert read_as(eqRule={"value": {}}) == Is(None)
    assert isinstance(read_as(eqRule={}), Unknown)


def test_sets_and_inner_rules_are_read() -> None:
    assert read_as(setRule={"values": [{"stringValue": "x"}]}) == In(("x",))
    assert read_as(setRule={}) == In(())
    assert read_as(anyRule={"rule": {"setRule": {}}}) == AnyOf(In(()))


@pytest.mark.parametrize("rule", [{}, {"newRule": {}}, {"anyRule": {}}, {"allRule": {"rule": {}}}, {"eqRule": None}])
def test_a_rule_that_isnt_known_is_unknown_whatever_the_attribute(rule: Json) -> None:
    assert isinstance(read_as(**rule), Unknown)


def test_ranges_are_read_with_their_bounds_in_or_out() -> None:
    one, two = {"numberValue": 1}, {"numberValue": 2.5}
    assert read_as(rangeRule={"startInclusive": one, "endExclusive": two}) == Range(1, 2.5)
    assert read_as(rangeRule={"startExclusive": one}) == Range(1, start_in=False)
    assert read_as(rangeRule={"endInclusive": two}) == Range(end=2.5, end_in=True)


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"startInclusive": {}, "endExclusive": {"numberValue": 5}},
        {"startInclusive": {"boolValue": False}},
        {"startInclusive": {"listValue": {}}},
        {"startInclusive": {"numberValue": 1}, "endInclusive": {"stringValue": "x"}},
    ],
)
def test_a_range_without_a_common_order_is_met_by_nothing(bounds: Json) -> None:
    assert read_as(rangeRule=bounds) == Range()


def test_expressions_combine_criteria() -> None:
    x = Where("a", Is("x"))
    said = {"attribute": {"attributeName": "a", "eqRule": {"value": {"stringValue": "x"}}}}
    assert targeted(said, {"and": {"operands": [{"ref": "c"}, {"not": {"ref": "c"}}]}}) == All((x, Not(x)))
    assert targeted({"segment": {"segment": "segments/b"}}) == InSegment("b")


@pytest.mark.parametrize(
    ("criterion", "expression"),
    [
        ({}, None),
        ({"newCriterion": {}}, None),
        (7, None),
        ({"attribute": 7}, None),
        ({"attribute": {"attributeName": 7}}, None),
        ({"attribute": {"attributeName": "a", "eqRule": {"value": {"numberValue": "NaN"}}}}, None),
        ({"attribute": {"attributeName": "a", "eqRule": {"value": {"numberValue": float("inf")}}}}, None),
        ({"attribute": {"attributeName": "a", "eqRule": {"value": {"stringValue": "\ud800"}}}}, None),
        ({"attribute": {"attributeName": "a", "eqRule": {"value": {"timestampValue": "soon"}}}}, None),
        ({"attribute": {"attributeName": "a", "eqRule": {"value": {"timestampValue": {"seconds": 1 << 60}}}}}, None),
        ({"attribute": {"attributeName": "a", "eqRule": {}, "setRule": {}}}, None),
        ({"segment": {"segment": "x"}, "attribute": {}}, None),
        ({"segment": {"segment": "x"}}, {"ref": "other"}),
        ({"segment": {"segment": "x"}}, {"ref": 7}),
        ({"segment": {"segment": "x"}}, {"xor": {}}),
    ],
)
def test_a_criterion_that_cant_be_understood_is_broken(criterion: Any, expression: Any) -> None:
    assert isinstance(targeted(criterion, expression), Broken)


def test_an_expression_nested_beyond_all_bounds_is_broken() -> None:
    expression: Json = {"ref": "c"}
    for _ in range(20_000):
        expression = {"not": expression}
    targeting = {"criteria": {"c": {}}, "expression": expression}
    found = state(written(segmentsNoBitsets=[{"name": "segments/all", "targeting": targeting}]))
    assert Interpreter(found).evaluate("page", {"targeting_key": "u"}).reason is Reason.NO_MATCH


# Allocation


def allocated(packed: Any, account: str = "me") -> Any:
    """Return how a segment with one bitset is read."""
    return state(written(bitsets=[{"segment": "segments/all", **packed}]), account=account).segments["all"]


def test_a_bitset_becomes_slices_that_hold_the_same_units() -> None:
    bits = bytearray(shake_128(b"any bits").digest(125_000))
    claimed = allocated({"gzippedBitset": b64encode(gzip.compress(bits)).decode()}).claims
    [claim] = claimed
    assert claim.salt == "MegaSalt-me"
    held = {bucket for part in claim.slices for bucket in range(part.start, part.stop)}
    assert held == {bucket for bucket in range(1_000_000) if bits[bucket >> 3] >> (bucket & 7) & 1}


def test_a_missing_or_full_bitset_is_everybody_and_an_empty_one_nobody() -> None:
    assert state(written()).segments["all"].claims == allocated({"fullBitset": True}).claims == ()
    assert allocated({"gzippedBitset": gzip.compress(b"")}).claims == (Claim("MegaSalt-me", ()),)
    full = allocated({"gzippedBitset": gzip.compress(b"\xff" * 125_000)}).claims
    assert full[0].is_whole


def test_bits_beyond_the_last_bucket_dont_matter_however_many_there_are() -> None:
    bomb = gzip.compress(b"\xff" * 50_000_000)
    [claim] = allocated({"gzippedBitset": bomb}).claims
    assert claim.slices == (Slice(0, 1_000_000),)


@pytest.mark.parametrize(
    "packed",
    [
        {"gzippedBitset": b"no gzip"},
        {"gzippedBitset": gzip.compress(b"\x01" * 1000)[:-12]},
        {"gzippedBitset": "no base64!"},
        {"gzippedBitset": 7},
        {"fullBitset": False},
        {},
        {"sparseBitset": "AA=="},
    ],
)
def test_a_bitset_that_cant_be_read_breaks_its_segment(packed: Json) -> None:
    found = state(written(bitsets=[{"segment": "segments/all", **packed}]), account="me")
    assert isinstance(found.segments["all"].when, Broken)
    assert Interpreter(found).evaluate("page", {"targeting_key": "u"}).reason is Reason.NO_MATCH


@pytest.mark.parametrize("indices", [[-1], [1_000_000], [10**30], ["x"], [True], [1.5], [None, {}]])
def test_a_bucket_that_there_isnt_breaks_its_segment(indices: list[Any]) -> None:
    found = state({"segments": {"segments/a": {}}, "bitsets": {"segments/a": indices}}, account="me")
    assert isinstance(found.segments["a"].when, Broken)


@pytest.mark.slow
def test_bitsets_in_too_many_pieces_break_the_segments_that_find_no_room() -> None:
    packed = [{"segment": f"segments/{name}", "gzippedBitset": gzip.compress(b"\x55" * 125_000)} for name in range(11)]
    segments = [{"name": f"segments/{name}"} for name in range(11)]
    found = state({"segmentsNoBitsets": segments, "bitsets": packed}, account="me").segments
    assert [isinstance(each.when, Broken) for each in found.values()] == [False] * 10 + [True]
    assert bitset.MOST_RUNS == 10 * 500_000


def test_an_allocation_needs_the_account_that_salts_it() -> None:
    packed = {"gzippedBitset": gzip.compress(b"\x01")}
    assert isinstance(allocated(packed, account="").when, Broken)
    assert allocated(packed, account="accounts/me").claims[0].salt == "MegaSalt-me"


def test_a_unit_is_in_where_the_bit_of_its_bucket_is_set() -> None:
    bucket = bucket_of("roug", salt="MegaSalt-confidence-test")
    found = state({"segments": {"segments/a": {}}, "bitsets": {"segments/a": [bucket]}}, account="confidence-test")
    [claim] = found.segments["a"].claims
    assert (claim.holds("roug"), claim.holds("somebody else")) == (True, False)


# Populations


def test_a_bloom_filter_of_guavas_is_a_population() -> None:
    filter_ = {"materializedSegment": "m/1", "data": "/" * 22, "hashFunctionCount": 3, "bitCount": "64", "strategy": 1}
    found = state(written(bloomFilters=[filter_])).populations["m/1"]
    assert isinstance(found, BloomFilter)
    assert "anybody" in found


@pytest.mark.parametrize(
    "amiss",
    [
        {"strategy": 2},
        {"strategy": None},
        {"bitCount": 0},
        {"bitCount": -64},
        {"bitCount": 1 << 40},
        {"hashFunctionCount": 0},
        {"hashFunctionCount": 1 << 31},
        {"data": None},
        {"data": "?"},
    ],
)
def test_a_bloom_filter_that_cant_answer_is_left_out(amiss: Json) -> None:
    filter_ = {"materializedSegment": "m", "data": "/" * 22, "hashFunctionCount": 3, "bitCount": 64, "strategy": 1}
    assert state(written(bloomFilters=[{**filter_, **amiss}])).populations == {}


# Damage


@pytest.mark.parametrize(
    "given_",
    [b"", b"{", b"[]", b"{}", b'{"flags":7}', b'{"a":1}', b"\x0a", b"\x0a\xff", b"\x07", b"\xff" * 11, b"[" * 100_000],
)
def test_what_is_no_state_is_refused(given_: bytes) -> None:
    with pytest.raises(Invalid, match="state of Confidence's"):
        state(given_)


@pytest.mark.parametrize(
    "amiss",
    [
        {"variants": 7},
        {"variants": [7]},
        {"variants": [{"name": 7}]},
        {"variants": [{"name": "on", "value": [1]}]},
        {"variants": [{"name": "on", "value": {"x": object()}}]},
        {"variants": [{"name": "on", "value": {"x": float("nan")}}]},
        {"schema": {"schema": {"x": {}}}},
        {"clients": "web"},
        {"rules": {}},
    ],
)
def test_a_flag_that_cant_be_read_is_broken_alone(amiss: Json) -> None:
    found = state(written({**FLAG, **amiss}, {**FLAG, "name": "flags/good"}))
    assert Interpreter(found).evaluate("page", {"targeting_key": "u"}).reason is Reason.BROKEN
    assert Interpreter(found).evaluate("good", {"targeting_key": "u"}).variant == "on"


@pytest.mark.parametrize(
    "amiss",
    [
        {"segment": 7},
        {"segment": ""},
        {"enabled": "yes"},
        {"environments": "prod"},
        {"targetingKeySelector": 7},
        {"materializationSpec": {"mode": 7}},
        {"assignmentSpec": {"bucketCount": "ten", "assignments": [ON]}},
        {"assignmentSpec": {"bucketCount": 10, "assignments": [{**ON, "fallthrough": {}}]}},
        {"assignmentSpec": {"bucketCount": 10, "assignments": [{**ON, "bucketRanges": [{"lower": 1 << 70}]}]}},
    ],
)
def test_a_rule_that_cant_be_read_is_passed_over(amiss: Json) -> None:
    found = state(written({**FLAG, "rules": [{**RULE, **amiss}, {**RULE, "name": "r2"}]}))
    assert Interpreter(found).evaluate("page", {"targeting_key": "u"}).rule == "r2"


def test_pieces_without_a_name_are_kept_under_their_place() -> None:
    found = state(written({**FLAG, "name": None}, {**FLAG, "name": "\ud800"}))
    assert set(found.flags) == {"flags[0]", "flags[1]"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("flags/x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PATHS = [
    ["flags"], ["flags", 0], ["flags", 0, "rules"], ["flags", 0, "rules", 0], ["flags", 0, "variants", 0, "value"],
    ["flags", 0, "rules", 0, "assignmentSpec"], ["flags", 0, "rules", 0, "assignmentSpec", "assignments", 0],
    ["segmentsNoBitsets"], ["segmentsNoBitsets", 0], ["bitsets"], ["bloomFilters"], ["clients"], ["clientCredentials"],
    ["account"], ["segmentsNoBitsets", 0, "targeting"],
]  # fmt: skip


@given(path=st.sampled_from(PATHS), odd=JSON)
def test_anything_anywhere_is_refused_or_read_and_written_again(path: list[Any], odd: Any) -> None:
    damaged: Any = json.loads(json.dumps(written(bitsets=[], bloomFilters=[], clients=[], account={})))
    at: Any = damaged
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = odd
    try:
        found = state(damaged)
    except Invalid:
        return
    assert document.read(document.written(found)).flags == found.flags
    Interpreter(found).evaluate("page", {"targeting_key": "u"})


# The binary form


def tag(number: int, content: bytes | str | int | float) -> bytes:
    """Write one field."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 1) + struct.pack("<d", content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    """Write a whole number, seven bits a byte."""
    number &= (1 << 64) - 1
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def pair(key: str, value: bytes) -> bytes:
    """Write an entry of a map."""
    return tag(1, key) + tag(2, value)


def binary() -> bytes:
    """Write a state by the published field numbers."""
    schema = tag(1, pair("x", tag(3, b""))) + tag(1, pair("y", tag(5, b"")))
    value = tag(1, pair("x", tag(2, 20.0))) + tag(1, pair("own", tag(6, tag(1, tag(4, 1)) + tag(1, tag(1, 0)))))
    variant = tag(1, "on") + tag(2, value)
    side = tag(1, "a1") + tag(2, tag(1, "on")) + tag(5, tag(2, 10))
    split = tag(1, 10) + tag(2, side)
    sticky = tag(1, "m/w") + tag(2, "m/r") + tag(3, tag(1, 1))
    rule = tag(1, "flags/page/rules/r1") + tag(2, "segments/se") + tag(5, "user.id") + tag(11, 1) + tag(12, split)
    rule += tag(13, sticky) + tag(16, "prod")
    flag = tag(1, "flags/page") + tag(2, schema) + tag(3, variant) + tag(4, 1) + tag(5, rule) + tag(12, "clients/web")
    country = tag(1, tag(1, "country") + tag(3, tag(1, tag(4, "SE"))))
    since = tag(1, tag(1, "since") + tag(4, tag(2, tag(5, tag(1, 86_400) + tag(2, 5_000)))))
    expression = tag(3, tag(1, tag(1, "c1")) + tag(1, tag(2, tag(1, "c2"))))
    targeting = tag(1, pair("c1", country)) + tag(1, pair("c2", since)) + tag(2, expression)
    packed = tag(1, "segments/se") + tag(2, gzip.compress(b"\x03"))
    secret = tag(1, "clients/web/credentials/1") + tag(3, tag(1, "s3")) + tag(16, "prod")
    return b"".join([
        tag(1, flag), tag(2, tag(1, "segments/se") + tag(2, targeting)), tag(5, packed), tag(6, tag(1, "clients/web")),
        tag(7, secret), tag(8, 1), tag(10, tag(1, "m/1") + tag(2, b"\xff" * 8) + tag(3, 3) + tag(4, 64) + tag(5, 1)),
    ])  # fmt: skip


def test_the_binary_form_is_read_as_its_json_would_be() -> None:
    found = state(binary(), account="me")
    flag, segment = found.flags["page"], found.segments["se"]
    [rule] = flag.rules
    assert flag.variants[0].value == {"x": 20, "y": None, "own": [True, None]}
    assert (flag.clients, flag.archived, rule.by, rule.enabled, rule.environments) == (
        ("web",), False, "user.id", True, ("prod",)
    )  # fmt: skip
    assert rule.sticky == Sticky("m/r", "m/w", paused=True)
    assert rule.split.assigned[0].slices == (Slice(0, 10),)
    assert segment.claims == (Claim("MegaSalt-me", (Slice(0, 2),)),)
    instant = Time("1970-01-02T00:00:00.000005+00:00")
    assert segment.when == All((Where("country", In(("SE",))), Not(Where("since", Range(instant, start_in=False)))))
    assert "anybody" in found.populations["m/1"]
    assert found.clients["web"].credentials[0].environments == ("prod",)


def test_a_binary_state_cut_off_anywhere_is_refused_or_read_in_part() -> None:
    whole = binary()
    for size in range(len(whole)):
        try:
            found = state(whole[:size], account="me")
        except Invalid:
            continue
        assert set(found.flags) <= {"page"}


def test_negative_numbers_are_read_from_64_bits() -> None:
    split = tag(1, 10) + tag(2, tag(2, tag(1, "on")) + tag(5, tag(1, -5) + tag(2, 10)))
    flag = tag(1, "flags/page") + tag(5, tag(1, "r") + tag(2, "segments/a") + tag(12, split))
    assert state(tag(1, flag)).flags["page"].rules[0].split.assigned[0].slices == (Slice(-5, 10),)


def test_a_binary_expression_nested_beyond_all_bounds_is_broken() -> None:
    expression = tag(1, "c")
    for _ in range(3000):
        expression = tag(2, expression)
    found = state(tag(2, tag(1, "segments/a") + tag(2, tag(2, expression))))
    assert [*broken_parts(found), *faults_of(found)] != []


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    with suppress(Invalid):
        state(b"\x0a" + data)


# The published state


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_the_published_state_in_lists_is_the_published_state_in_maps() -> None:
    maps = json.loads((FOLDER / "state.json").read_bytes())
    lists = {
        "flags": list(maps["flags"].values()),
        "segmentsNoBitsets": list(maps["segments"].values()),
        "bitsets": [
            {"segment": name, "fullBitset": True}
            if bits == "ALL"
            else {"segment": name, "gzippedBitset": _zipped(bits)}
            for name, bits in maps["bitsets"].items()
        ],
        "bloomFilters": [{"materializedSegment": name, **each} for name, each in maps["bloomFilters"].items()],
        "clients": [each["client"] for each in maps["clients"].values()],
        "clientCredentials": [each["clientCredential"] for each in maps["clients"].values()],
    }
    assert state(json.dumps(lists).encode(), account="test-account") == state(maps)


def _zipped(indices: list[int]) -> str:
    return b64encode(gzip.compress(sum(1 << index for index in indices).to_bytes(125_000, "little"))).decode()


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_the_published_state_survives_our_own_document() -> None:
    found = state((FOLDER / "state.json").read_bytes())
    read = document.read(document.written(found))
    assert (read.flags, read.segments, read.clients) == (found.flags, found.segments, found.clients)
    assert read.populations == found.populations
