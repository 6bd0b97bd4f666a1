"""Every published case of Confidence's resolver, in the general dialect; then what none of them asks."""

from typing import Any

import pytest
from tests.flags.confidence_cases import (
    ABSENT,
    FOLDER,
    RESOLVERS,
    Case,
    answer_of,
    asked,
    cases,
    expected_of,
    meets,
    memory_of,
    resolver_of,
)

from twyman.flags.evaluation import Kept, Reason

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

CASES = cases()
every_resolver = pytest.mark.parametrize("make", RESOLVERS.values(), ids=RESOLVERS)


@every_resolver
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_published_case_is_answered_as_the_general_dialect_says(case: Case, make: Any) -> None:
    resolver = resolver_of(make, case["resolveRequest"]["clientSecret"])
    error = case["expectedResult"]["general"].get("expectError")
    if resolver is None:
        assert error
        return
    answer = answer_of(asked(case, resolver))
    assert error is None
    assert meets(answer, expected_of(case)), answer


def _case(flag: str, context: dict[str, Any], **kept: Any) -> Case:
    """Write a case of our own; `kept` says of a store whether the unit is in, or which variant its first rule gave."""
    units = {
        f"materializations/{store.replace('_', '-')}": {
            "isUnitInMaterialization": bool(said),
            "ruleToVariant": {f"flags/{flag}/rules/rule1": said} if isinstance(said, str) else {},
        }
        for store, said in kept.items()
    }
    return {
        "resolveRequest": {
            "flags": [f"flags/{flag}"],
            "evaluationContext": context,
            "clientSecret": "test-secret",
        },
        "materializations": {"user1": units, "user3": units},
    }


SE: dict[str, Any] = {"targeting_key": "user1", "country": "SE"}
ON, NOBODY, ERROR = (Reason.MATCH, "on"), (Reason.NO_MATCH, ""), (Reason.UNIT_ERROR, "")
USER, USER3 = {"targeting_key": "user1"}, {"targeting_key": "user3"}

OWN: list[tuple[str, str, dict[str, Any], dict[str, Any], tuple[Reason, str]]] = [
    ("a segment that refers to itself holds nobody", "self-ref-segment-flag", SE, {}, NOBODY),
    ("a bucket in no range gets nothing", "bucket-gap-flag", SE, {}, NOBODY),
    ("a rule that is off is passed over", "disabled-then-match", SE, {}, ON),
    ("a missing selector passes its rule over", "null-key-then-match", SE, {}, ON),
    ("a null key passes its rule over", "targeting-key-flag", {**SE, "targeting_key": None}, {}, NOBODY),
    ("an empty key is a key", "targeting-key-flag", {**SE, "targeting_key": ""}, {}, ON),
    ("a whole number in decimals is a key", "targeting-key-flag", {**SE, "targeting_key": 7.0}, {}, ON),
    ("a truth is no key", "targeting-key-flag", {**SE, "targeting_key": True}, {}, ERROR),
    ("a list is no key", "targeting-key-flag", {**SE, "targeting_key": ["u"]}, {}, ERROR),
    ("100 characters are a key", "targeting-key-flag", {**SE, "targeting_key": "x" * 100}, {}, ON),
    ("a full rollout needs no good key", "full-rollout-flag", {**SE, "targeting_key": 3.14}, {}, ON),
    ("catch-all needs no good key", "catch-all-100pct-flag", {"targeting_key": {}}, {}, ON),
    ("catch-all needs no key at all", "catch-all-100pct-flag", {}, {}, ON),
    ("half a catch-all needs a key", "catch-all-50pct-flag", {}, {}, NOBODY),
    ("a custom key alone counts", "custom-key-flag", {**SE}, {}, NOBODY),
    ("a custom key has 100 characters at most", "custom-key-flag", {**SE, "customId": "x" * 101}, {}, ERROR),
    ("a sticky rule passes over who has no key", "mat-no-unit-flag", {"country": "SE"}, {}, NOBODY),
    ("a sticky rule serves who has one", "mat-no-unit-flag", SE, {}, ON),
    ("writing needs no key", "mat-write-no-unit-flag", {"country": "SE"}, {}, ON),
    ("an empty set holds nothing", "empty-set-flag", SE, {}, NOBODY),
    ("an empty set doesn't hold null", "empty-set-flag", USER, {}, NOBODY),
    ("any of an empty list is in no empty set", "any-empty-set-inner-flag", {**USER, "tags": []}, {}, NOBODY),
    ("an exclusive end is out", "range-end-exclusive-flag", {**USER, "score": 100}, {}, NOBODY),
    ("below an exclusive end is in", "range-end-exclusive-flag", {**USER, "score": 99.99}, {}, ON),
    ("an inclusive end is in", "range-end-inclusive-flag", {**USER, "score": 100}, {}, ON),
    ("beyond an inclusive end is out", "range-end-inclusive-flag", {**USER, "score": 100.01}, {}, NOBODY),
    ("an exclusive start is out", "range-exclusive-flag", {**USER, "score": 0}, {}, NOBODY),
    ("above an exclusive start is in", "range-exclusive-flag", {**USER, "score": "0.01"}, {}, ON),
    ("text that is no number is in no range", "range-match-flag", {**USER, "age": "old"}, {}, NOBODY),
    ("the start of a range is in", "range-match-flag", {**USER, "age": 18}, {}, ON),
    ("the end of a range is out", "range-match-flag", {**USER, "age": 65}, {}, NOBODY),
    ("null is in no range", "range-end-inclusive-flag", USER, {}, NOBODY),
    ("a truth is no number", "range-end-inclusive-flag", {**USER, "score": True}, {}, NOBODY),
    ("an empty list is in no range", "range-match-flag", {**USER, "age": []}, {}, NOBODY),
    ("the word null isn't null", "is-null-flag", {**USER, "null-attribute": "null"}, {}, NOBODY),
    ("an explicit null is null", "is-null-flag", {**USER, "null-attribute": None}, {}, ON),
    ("a value isn't null", "is-not-null-flag", {**USER, "null-attribute": 0}, {}, ON),
    ("a unit outside the bitset is out", "bitset-flag", SE, {}, NOBODY),
    ("no number starts with a text", "starts-with-numeric-flag", {**USER, "code": 42}, {}, NOBODY),
    ("a text of digits does", "starts-with-numeric-flag", {**USER, "code": "42"}, {}, ON),
    ("a text of digits ends with one", "ends-with-numeric-flag", {**USER, "code": "42"}, {}, ON),
    ("text starts with text", "starts-with-flag", {**USER, "email": "test@x.se"}, {}, ON),
    ("some element starts with it", "starts-with-flag", {**USER, "email": [1, "test@x.se"]}, {}, ON),
    ("a composed letter is found", "contains-unicode-flag", {**USER, "word": "café"}, {}, ON),
    ("missing text contains nothing", "contains-edge-flag", USER, {}, NOBODY),
    ("missing text doesn't contain", "not-contains-flag", USER, {}, ON),
    ("some element of several is in the set", "any-set-inner-flag", {**USER, "tags": ["a", "vip"]}, {}, ON),
    ("no element is in the set", "any-set-inner-flag", {**USER, "tags": ["a"]}, {}, NOBODY),
    ("a lone value is a list of one", "any-set-inner-flag", {**USER, "tags": "vip"}, {}, ON),
    ("some element contains it", "any-contains-inner-flag", {**USER, "repositories": ["x", "confidence-x"]}, {}, ON),
    ("each element is within", "all-rule-flag", {**USER, "scores": [0, 100]}, {}, ON),
    ("each of none is within", "all-rule-flag", {**USER, "scores": []}, {}, ON),
    ("not each of none", "not-all-flag", {**USER, "scores": []}, {}, NOBODY),
    ("not any where one is", "not-any-flag", {**USER, "tags": ["premium"]}, {}, NOBODY),
    ("not any of missing", "not-any-flag", USER, {}, ON),
    ("versions compare by their numbers", "semver-flag", {**USER, "version": "1.10.0"}, {}, NOBODY),
    ("what comes before a release isn't told from it", "semver-flag", {**USER, "version": "2.0.0-rc.1"}, {}, ON),
    ("the start of a range of versions is in", "semver-flag", {**USER, "version": "2.0.0"}, {}, ON),
    ("what is no version is in no range", "semver-flag", {**USER, "version": "newest"}, {}, NOBODY),
    ("an instant with a zone", "timestamp-flag", {**USER, "releaseTime": "2022-11-17T16:16:17.118+01:00"}, {}, ON),
    ("without a zone it is UTC", "timestamp-flag", {**USER, "releaseTime": "2022-11-17 15:16:17.117"}, {}, NOBODY),
    ("a day is its midnight", "timestamp-flag", {**USER, "releaseTime": "2022-11-18"}, {}, ON),
    ("both of and", "and-both-match", {**SE, "age": 18}, {}, ON),
    ("neither of or", "or-one-match", {**USER, "country": "US", "email": "x"}, {}, NOBODY),
    ("a flag that isn't there", "no-such-flag", SE, {}, (Reason.NOT_FOUND, "")),
    ("a flag of another client", "other-client-flag", SE, {}, (Reason.NOT_FOUND, "")),
    ("an archived flag serves nothing", "inactive-flag", SE, {}, (Reason.ARCHIVED, "")),
    ("a segment that is seen twice", "same-segment-twice-flag", {**USER, "country": "US"}, {}, NOBODY),
    ("a nested segment that doesn't hold", "nested-segment-flag", {**USER, "country": "US"}, {}, NOBODY),
    ("segments that share one", "diamond-dep-flag", {**USER, "country": "WILL_NOT_MATCH"}, {}, ON),
    ("a segment that isn't there", "missing-segment-flag", SE, {}, NOBODY),
    ("a fallthrough alone serves nothing", "fallthrough-single-flag", SE, {}, NOBODY),
    ("a fallthrough then a match", "fallthrough-write-mat", SE, {}, (Reason.MATCH, "treatment")),
    ("a kept variant outlives its segment only where told", "mat-targeting-fails", SE, {"mat1": "on"}, NOBODY),
    ("who is kept needs the targeting", "mat-read-not-matched-flag", {**USER, "country": "NO"}, {"mat1": "on"}, NOBODY),
    ("a paused rule serves who is kept", "mat-must-match-flag", SE, {"mat1": "on"}, ON),
    ("who is in without a variant isn't kept", "mat-must-match-flag", SE, {"mat1": True}, NOBODY),
    ("who isn't kept is dealt", "mat-no-variant-for-rule-flag", SE, {"mat1": True}, (Reason.MATCH, "treatment")),
    ("who isn't kept needs the targeting", "mat-no-variant-for-rule-flag", USER, {"mat1": True}, NOBODY),
    ("a materialized segment asks the memory", "mat-nested-flag", USER, {"mat_nested": False}, NOBODY),
    ("a materialized segment needs a key", "mat-criterion-flag", {}, {"mat_seg": True}, NOBODY),
    ("a Bloom filter answers before the memory", "bloom-filter-flag", USER3, {"bf_seg": True}, NOBODY),
    ("both criteria are wanted", "combined-criteria-flag", {**USER, "country": "US"}, {"mat_combined": True}, NOBODY),
    ("one side of two with the same variant", "mat-same-variant-flag", SE, {"mat1": "on"}, ON),
]  # fmt: skip


@every_resolver
@pytest.mark.parametrize(
    ("flag", "context", "kept", "expected"), [own[1:] for own in OWN], ids=[own[0].replace(" ", "-") for own in OWN]
)
def test_what_no_published_case_asks(flag: str, context: Any, kept: Any, expected: Any, make: Any) -> None:
    case = _case(flag, context, **kept)
    resolver = resolver_of(make, "test-secret")
    assert resolver is not None
    answer = resolver.evaluate(flag, context, memory_of(case))
    assert (answer.reason, answer.variant) == expected


@every_resolver
def test_a_secret_that_nobody_has_opens_nothing(make: Any) -> None:
    assert resolver_of(make, "no-such-secret") is None
    assert resolver_of(make, "") is None


@every_resolver
def test_asking_for_no_flag_answers_all_that_the_client_sees(make: Any) -> None:
    resolver = resolver_of(make, "minimal-secret")
    assert resolver is not None
    case = {"resolveRequest": {"evaluationContext": SE, "clientSecret": "minimal-secret"}}
    found = {each["flag"]: each["variant"] for each in answer_of(asked(case, resolver))}
    assert found == {"flags/minimal-flag": "on", "flags/minimal-flag-2": "blue", "flags/minimal-flag-us-only": ""}


@every_resolver
def test_a_kept_variant_of_two_equal_sides_is_the_side_of_the_units_bucket(make: Any) -> None:
    resolver = resolver_of(make, "test-secret")
    assert resolver is not None
    case = _case("mat-same-variant-flag", SE, mat1="on")
    [kept] = asked(case, resolver)
    [dealt] = asked(_case("mat-same-variant-flag", SE), resolver)
    assert kept.assignments == dealt.assignments
    assert (kept.keep, len(dealt.keep)) == ((), 1)


@every_resolver
def test_what_is_to_be_kept_bears_the_vendors_own_names(make: Any) -> None:
    resolver = resolver_of(make, "test-secret")
    assert resolver is not None
    [written] = asked(_case("fallthrough-write-mat", SE), resolver)
    rule = "flags/fallthrough-write-mat/rules/rule1"
    assert written.keep == (Kept("materializations/mat-write", "user1", rule, ""),)
    assert [(made.rule, made.id) for made in written.assignments] == [
        (rule, "a-ft"),
        ("flags/fallthrough-write-mat/rules/rule2", "a-match"),
    ]


def test_no_published_case_is_left_over() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) == 111
