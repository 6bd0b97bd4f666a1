"""The hash of a column, against the one that hashes id by id, and against the committed vectors."""

import json
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import mmh3
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from twyman.cohorts import texts
from twyman.cohorts.hashing import buckets_of, halves
from twyman.flags.bucketing import bucket_of

VECTORS = json.loads((Path(__file__).parents[1] / "flags" / "bucketing_vectors.json").read_text())["vectors"]
LETTERS = "abcXYZ01-é字😀\0"
SALTS = [("ab|é-字" * 9)[:length] for length in range(49)]
"""Of every length that the first blocks of a key may be filled by."""


def drawn(rng: Random, longest: int) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(0, longest)))


def plain(units: list[str], salt: str, buckets: int = 1_000_000) -> list[int]:
    return [bucket_of(unit, salt=salt, buckets=buckets) for unit in units]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_every_committed_vector_is_met(kind: Any) -> None:
    def draw(each: dict[str, Any]) -> tuple[str, int]:
        return each["salt"], each["buckets"]

    for (salt, buckets), of_draw in groupby(sorted(VECTORS, key=draw), key=draw):
        vectors = list(of_draw)
        units = pa.array([each["unit"] for each in vectors], kind)
        assert buckets_of(units, salt=salt, buckets=buckets).tolist() == [each["bucket"] for each in vectors]


@pytest.mark.parametrize("salt", SALTS, ids=len)
def test_ids_of_every_length_behind_salts_of_every_length(salt: str) -> None:
    rng = Random(len(salt))  # noqa: S311
    units = [drawn(rng, 60) for _ in range(60)] + ["x" * length for length in range(110)]

    assert buckets_of(pa.array(units), salt=salt).tolist() == plain(units, salt)


@pytest.mark.parametrize("length", range(40))
def test_ids_of_one_length_are_read_where_they_lie(length: int) -> None:
    rng = Random(length)  # noqa: S311
    units = ["".join(rng.choices("abc0", k=length)) for _ in range(40)]

    assert buckets_of(pa.array(units), salt="moment-page").tolist() == plain(units, "moment-page")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=120)), st.text("a|é", max_size=40))
def test_any_ids_under_any_salt(units: list[str], salt: str) -> None:
    assert buckets_of(pa.array(units, pa.string()), salt=salt).tolist() == plain(units, salt)


@given(st.lists(st.text("xé", max_size=20), min_size=1), st.sets(st.integers(0, 99)), st.booleans())
def test_some_rows_of_a_sliced_column_with_nulls(units: list[str], places: set[int], even: bool) -> None:  # noqa: FBT001
    if even:
        units = [unit.encode().ljust(40, b"-").decode() for unit in units]
    rows = sorted(place for place in places if place < len(units))
    column = pa.array(["before", None, *units, None, "after"])[2:-2]

    found = buckets_of(column, salt="s", rows=np.array(rows, dtype=np.int64))

    assert found.tolist() == plain([units[row] for row in rows], "s")


def test_a_null_has_no_say_in_others() -> None:
    found = buckets_of(pa.array([None, "u-1", None, "u-22", None]), salt="s")

    assert [found[1], found[3]] == plain(["u-1", "u-22"], "s")


def test_many_chunks_of_many_rows() -> None:
    rng = Random(1)  # noqa: S311
    units = [f"user-{number}" for number in range(2 * texts.CHUNK)] + [drawn(rng, 30) for _ in range(texts.CHUNK)]
    rows = np.flatnonzero(np.random.default_rng(1).random(len(units)) < 0.05)

    assert buckets_of(pa.array(units), salt="many").tolist() == plain(units, "many")
    assert buckets_of(pa.array(units), salt="many", rows=rows).tolist() == plain([units[row] for row in rows], "many")


@pytest.mark.parametrize("buckets", [1, 7, 1_000_000, 2**40, 2**63, 10**30])
def test_any_number_of_buckets(buckets: int) -> None:
    units = ["u-1", "", "🦘"]

    assert buckets_of(pa.array(units), salt="s", buckets=buckets).tolist() == plain(units, "s", buckets)


def test_both_halves_are_the_hashs_own() -> None:
    units = ["", "u-1", "x" * 15, "x" * 16, "é" * 20]

    [(_, low, high)] = halves(pa.array(units))

    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [mmh3.hash64(unit, signed=False) for unit in units]


def test_no_ids_have_no_buckets() -> None:
    assert buckets_of(pa.array([], pa.string()), salt="s").tolist() == []
    assert buckets_of(pa.array(["u-1"]), salt="s", rows=np.array([], dtype=np.int64)).tolist() == []
    assert buckets_of(pa.nulls(2, pa.string()), salt="s").shape == (2,)


@pytest.mark.parametrize(
    "units",
    [
        ["", "\0", "\0\0", "NZ", "NZ\0", "é", "seven77", "seven77\0", "ever so long"],
        ["NZ", "SE"],
        ["eight888", "EIGHT888"],
    ],
    ids=["of all lengths", "of one length", "too long"],
)
def test_short_texts_have_numbers_of_their_own(units: list[str]) -> None:
    [(_, keys)] = texts.Texts(pa.array(units)).chunks()
    found = dict(zip(units, texts.numbers(keys).tolist(), strict=True))

    written = {unit: unit.encode() for unit in units if len(unit.encode()) <= 7}
    short = {unit: int.from_bytes(said, "little") | len(said) << 56 for unit, said in written.items()}
    assert {unit: found[unit] for unit in short} == short
    assert not set(short.values()) & {number for unit, number in found.items() if unit not in short}
