"""Files of contexts: a row is one context, whatever kind of file it is in, and a bad file is named with its line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from twyman.cohorts.resolver import Vectorised
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.slices import Slice
from twyman.flags.state import State
from twyman.flags.targeting import Exists, In, Is, Range, StartsWith, Test, Version, Where
from twyman.kernel.errors import Invalid
from twyman.wiring.context_files import read

ALL = (Assigned((Slice(0, 1_000_000),), "on"),)


def asking(test: Test) -> State:
    """A flag that is on where an attribute meets a test."""
    rule = Rule("asks", Split(ALL), when=Where("x", test))
    return State({"page": Flag("page", (Variant("off", value=False), Variant("on", value=True)), (rule,), "off")})


def served(root: Path, name: str, state: State) -> list[int]:
    """Which rows get it."""
    answers = Vectorised(state).evaluate("page", read(root, name, state))
    return [row for row, place in enumerate(answers.variants) if answers.names[place] == "on"]


def write(root: Path, values: Sequence[Any]) -> None:
    """Write the same rows as each kind of file."""
    rows = [{"targeting_key": f"u-{row}", **({} if x is None else {"x": x})} for row, x in enumerate(values)]
    (root / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pa_parquet.write_table(
        pa.table({"targeting_key": [each["targeting_key"] for each in rows], "x": values}), root / "c.parquet"
    )
    cells = ("" if x is None else str(x) for x in values)
    (root / "c.csv").write_text("targeting_key,x\n" + "".join(f"u-{row},{cell}\n" for row, cell in enumerate(cells)))


@pytest.mark.parametrize(
    ("values", "test", "wanted"),
    [
        (["0042", "42", None], In(("0042",)), [0]),
        (["5.10", "5.1", "5.2"], Range(Version("5.2")), [0, 2]),
        (["5.10", "5.1"], Is("5.10"), [0]),
        (["premium", None, "free"], Exists(), [0, 2]),
        ([None, "a"], Exists(there=False), [0]),
        (["NA", "NA"], Is("NA"), [0, 1]),
        (["NA", "NaN", "null", "-"], Exists(), [0, 1, 2, 3]),
        (["001", "01"], StartsWith("00"), [0]),
        (["true", "false", "1"], Is("true"), [0]),
        ([True, False, None], Is(value=True), [0]),
        ([1, 20, None], Range(18), [1]),
        ([9007199254740993, 9007199254740992], Is(9007199254740993), [0]),
        ([0.5, 2.5], Range(None, 1.0), [0]),
        ([17, 42], In(("42",)), [1]),
        (["3", "many"], Range(2), [0]),
        (["nan", "inf"], Range(2), []),
    ],
)
def test_a_row_gets_the_same_in_every_kind_of_file(
    tmp_path: Path, values: Sequence[Any], test: Test, wanted: list[int]
) -> None:
    write(tmp_path, values)

    found = {kind: served(tmp_path, f"c.{kind}", asking(test)) for kind in ("jsonl", "parquet", "csv")}

    assert found == {"jsonl": wanted, "parquet": wanted, "csv": wanted}


def test_a_truth_beside_other_words_is_a_truth(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("targeting_key,x\nu-1,True\nu-2,yes\nu-3,False\n")

    assert served(tmp_path, "c.csv", asking(Is(value=True))) == [0]


def test_several_files_may_differ_in_what_their_cells_look_like(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("targeting_key,x\nu-1,12\n")
    (tmp_path / "b.csv").write_text("targeting_key;x;y\nu-2;ab;1\n")

    assert served(tmp_path, "*.csv", asking(In(("12", "ab")))) == [0, 1]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "c.csv",
            b"targeting_key,x,x\nu,1,2\n",
            "line 1 of 'c.csv' has two columns 'x', and an attribute has one value",
        ),
        (
            "c.csv",
            b"targeting_key,x\nu,1\nv,\xe9\n",
            "line 3 of 'c.csv' isn't written in UTF-8 (byte 0xe9): save the file",
        ),
        ("c.csv", b"targeting_key,\xe9\nu,1\n", "line 1 of 'c.csv' isn't written in UTF-8 (byte 0xe9): save the file"),
        ("c.csv", b"targeting_key,x\nu,1\nv,1,2\n", "c.csv' has 3 columns, and its header has 2: correct that line"),
        ("c.csv", b"", "contexts 'c.csv' can't be read (Empty CSV file): mend the file"),
        ("c.json", b'[{"targeting_key": "u"}]', "c.json:1: it is a JSON array, and contexts are JSON lines"),
        ("c.json", b'\n[\n {"targeting_key": "u"}\n]', "as `jq -c '.[]' c.json > c.jsonl` does"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_what_to_do(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(Invalid) as refused:
        read(tmp_path, name, State())

    assert said in str(refused.value)


def test_files_of_two_types_are_named_with_the_column(tmp_path: Path) -> None:
    pa_parquet.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    pa_parquet.write_table(pa.table({"x": ["ab"]}), tmp_path / "b.parquet")
    said = "column 'x' is string in 'b.parquet', and int64 in 'a.parquet': write it as one type in all files"

    with pytest.raises(Invalid, match=said):
        read(tmp_path, "*.parquet", State())


def test_a_parquet_file_with_a_column_twice_is_named(tmp_path: Path) -> None:
    pa_parquet.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), tmp_path / "c.parquet"
    )

    with pytest.raises(Invalid, match=r"'c\.parquet' has two columns 'x'"):
        read(tmp_path, "c.parquet", State())
