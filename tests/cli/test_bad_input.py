"""Bad input of every kind: an exit code by kind, file and line, the value, a cure; no traceback and no file."""

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twyman.cli.main import main
from twyman.wiring import analysis as wiring

UNITS = 24
FILES = {
    "twyman.yaml": """\
kind: project
name: music
warehouse:
  engine: duckdb
  path: data/
timezone: UTC
entities:
  user: {type: string}
""",
    "plays.yaml": """\
kind: facts
name: plays
table: plays.csv
entities:
  user: user_id
timestamp: played_at
measures:
  seconds: ms / 1000.0
""",
    "exposures.yaml": """\
kind: exposures
name: exposures
table: exposures.csv
entities:
  user: user_id
timestamp: exposed_at
experiment: test
arm: arm
""",
    "profile.yaml": """\
kind: attributes
name: profile
table: profile.csv
entities:
  user: user_id
timestamp: valid_from
columns:
  country: country
  age: age
""",
    "m.yaml": """\
kind: metric
name: listening
facts: plays
type: mean
value:
  sum: seconds
window: 2d
""",
    "e.yaml": """\
kind: experiment
name: page
entity: user
exposures: exposures
arms:
  old: {control: true}
  new: {}
metrics:
  listening: {role: success}
analysis:
  sequential: fixed
""",
    "shop.yaml": """\
kind: units
name: shop
table: shop.csv
entities:
  user: id
arm: grp
outcomes: [bought, spent]
covariates: [history]
---
kind: metric
name: spend
type: mean
value: {outcome: spent}
---
kind: metric
name: buying
type: proportion
value: {outcome: bought}
---
kind: experiment
name: mail
entity: user
units: shop
arms:
  old: {control: true}
  new: {}
metrics:
  spend: {role: success}
  buying: {role: guardrail}
""",
    "trial.yaml": """\
kind: aggregates
name: trial
table: trial.csv
arm: grp
day: day
columns:
  clicks: clicks
  enrolments: enrolments
unit: clicks
---
kind: metric
name: enrolling
type: proportion
value: {outcome: enrolments}
---
kind: experiment
name: gate
aggregates: trial
arms:
  old: {control: true}
  new: {}
metrics:
  enrolling: {role: success}
""",
}


def csv(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows, ""])


def arm(unit: int) -> str:
    return "new" if unit % 2 else "old"


DATA = {
    "data/exposures.csv": csv(
        "user_id,test,arm,exposed_at",
        [f"u{i},page,{arm(i)},2024-03-{1 + i % 5:02d} 10:00:00" for i in range(UNITS)],
    ),
    "data/plays.csv": csv(
        "user_id,played_at,ms,title",
        [f"u{i},2024-03-{day:02d} 12:00:00,{(i * 37 % 11) * 1000},song" for i in range(UNITS) for day in (1, 3, 5, 7)],
    ),
    "data/profile.csv": csv(
        "user_id,valid_from,country,age", [f"u{i},2024-01-01 00:00:00,NZ,{20 + i % 7}" for i in range(UNITS)]
    ),
    "data/shop.csv": csv(
        "id,grp,bought,spent,history", [f"u{i},{arm(i)},{i % 3 // 2},{i * 7 % 13}.5,{i % 5}" for i in range(UNITS)]
    ),
    "data/trial.csv": csv(
        "grp,day,clicks,enrolments",
        [f"{one},2024-03-{day:02d},{100 + day},{20 + day % 3}" for one in ("old", "new") for day in range(1, 13)],
    ),
}


class Run(NamedTuple):
    """What a run said, and what it left in the folder it was to write to."""

    code: int
    error: str
    left: list[str]


class House:
    """A folder of sound definitions and data, to be broken."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys, self.out = root, capsys, root / "answers"
        self.out.mkdir()
        for name, text in (FILES | DATA).items():
            self.write(name, text)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def parquet(self, name: str, columns: Mapping[str, Any]) -> None:
        """Replace a source's CSV by a Parquet file, whose types are what they are."""
        pq.write_table(pa.table(dict(columns)), self.root / f"data/{name}.parquet")
        self.edit(f"{name}.yaml", f"{name}.csv", f"{name}.parquet")

    def line(self, name: str, text: str) -> str:
        """Return file:line of the first line that holds a text."""
        lines = (self.root / name).read_text(errors="replace").splitlines()
        return f"{name}:{next(at for at, line in enumerate(lines, start=1) if text in line)}: "

    def analyze(self, *arguments: str) -> Run:
        file, *rest = arguments or ("e.yaml",)
        output = () if "--output" in rest else ("--output", str(self.out / "out.json"))
        code = main(["analyze", str(self.root / file), "--format", "json", *output, *rest])
        return Run(code, self.capsys.readouterr().err, sorted(path.name for path in self.out.iterdir()))

    def effect(self) -> float:
        assert self.analyze().code == 0
        return json.loads((self.out / "out.json").read_text())["results"][0]["absolute"]["estimate"]

    def refuses(self, *said: str, file: str = "e.yaml", code: int = 2) -> None:
        """Assert that the run is refused with its code, says all that, and leaves nothing."""
        run = self.analyze(file)
        assert run.code == code, run.error
        for each in said:
            assert each in run.error
        assert "Traceback" not in run.error
        assert run.left == []


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    return House(tmp_path, capsys)


Case = tuple[str, str, str, str, tuple[str, str], tuple[str, ...]]
OF_UNITS, OF_COUNTS, OF_FACTS = "shop.yaml", "trial.yaml", "e.yaml"


@pytest.mark.parametrize("file", [OF_FACTS, OF_UNITS, OF_COUNTS])
def test_the_sound_ones_are_answered(house: House, file: str) -> None:
    assert house.analyze(file) == Run(0, "", ["out.json"])


@pytest.mark.parametrize("file", [OF_FACTS, OF_UNITS, OF_COUNTS])
@pytest.mark.parametrize("change", ["crlf", "bom"])
def test_line_ends_and_byte_order_marks_change_nothing(house: House, file: str, change: str) -> None:
    for name, text in (FILES | DATA).items():
        house.write(name, text.replace("\n", "\r\n") if change == "crlf" else b"\xef\xbb\xbf" + text.encode())
    assert house.analyze(file).code == 0


# experiment, file, text, its replacement, (file, text of the line named), what is said besides
COLUMNS: list[Case] = [
    (OF_FACTS, "plays.yaml", "played_at", "playd_at", ("plays.yaml", "timestamp"), ("did you mean 'played_at'?",)),
    (OF_FACTS, "plays.yaml", "user: user_id", "user: usr", ("plays.yaml", "user:"), ("'usr'", "'user_id'")),
    (OF_FACTS, "plays.yaml", "ms /", "mss /", ("plays.yaml", "seconds:"), ("'mss'", "did you mean 'ms'?")),
    (OF_FACTS, "plays.yaml", "measures:", "arrived: in\nmeasures:", ("plays.yaml", "arrived"), ("'in'", "known are")),
    (OF_FACTS, "m.yaml", "sum: seconds", "sum: secs", ("m.yaml", "value:"), ("'secs'", "did you mean 'seconds'?")),
    (OF_FACTS, "m.yaml", "window", "where: sec > 3\nwindow", ("m.yaml", "value:"), ("'sec'", "'seconds'")),
    (OF_FACTS, "exposures.yaml", "arm: arm", "arm: armm", ("exposures.yaml", "arm:"), ("did you mean 'arm'?",)),
    (OF_FACTS, "exposures.yaml", "exposed_at", "seen", ("exposures.yaml", "timestamp"), ("'seen'", "known are")),
    (OF_FACTS, "exposures.yaml", ": test", ": tst", ("exposures.yaml", "experiment:"), ("did you mean 'test'?",)),
    (OF_FACTS, "e.yaml", "metrics:", "dimensions: [contry]\nmetrics:", ("e.yaml", "dimensions"), ("'country'?",)),
    (OF_UNITS, "shop.yaml", "arm: grp", "arm: grop", ("shop.yaml", "arm:"), ("did you mean 'grp'?",)),
    (OF_UNITS, "shop.yaml", "spent", "spnt", ("shop.yaml", "outcomes"), ("did you mean 'spent'?",)),
    (OF_UNITS, "shop.yaml", "[history]", "[histry]", ("shop.yaml", "covariates"), ("did you mean 'history'?",)),
    (OF_UNITS, "shop.yaml", "user: id", "user: idd", ("shop.yaml", "user:"), ("did you mean 'id'?",)),
    (OF_COUNTS, "trial.yaml", "s: enrolments", "s: enrolled", ("trial.yaml", "enrolments:"), ("'enrolments'?",)),
    (OF_COUNTS, "trial.yaml", "arm: grp", "arm: gr", ("trial.yaml", "arm:"), ("did you mean 'grp'?",)),
    (OF_COUNTS, "trial.yaml", "day: day", "day: dy", ("trial.yaml", "day:"), ("did you mean 'day'?",)),
    (OF_COUNTS, "trial.yaml", "unit: clicks", "unit: click", ("trial.yaml", "unit:"), ("did you mean 'clicks'?",)),
]
TYPES: list[Case] = [
    (OF_FACTS, "m.yaml", "sum: seconds", "sum: title", ("m.yaml", "value:"), ("type VARCHAR", "count it")),
    (OF_FACTS, "plays.yaml", "timestamp: played_at", "timestamp: ms", ("plays.yaml", "timest"), ("tells no time",)),
    (OF_FACTS, "m.yaml", "window", "where: title\nwindow", ("m.yaml", "value:"), ("true or false", "comparison")),
    (OF_FACTS, "plays.yaml", "measures:", "where: title\nmeasures:", ("plays.yaml", "where"), ("true or false",)),
    (OF_FACTS, "exposures.yaml", "arm: arm", "arm: arm\nwhere: test", ("exposures.yaml", "where"), ("comparison",)),
    (OF_UNITS, "shop.yaml", "arm: grp", "arm: grp\nwhere: grp", ("shop.yaml", "where"), ("comparison",)),
    (OF_COUNTS, "trial.yaml", "arm: grp", "arm: grp\nmatured: grp", ("trial.yaml", "matured"), ("comparison",)),
    (OF_UNITS, "data/shop.csv", "u3,new,0", "u3,new,7", ("shop.yaml", "value: {outcome: bought"), ("'7'", "> 0")),
    (OF_UNITS, "data/shop.csv", "u3,new,0,8.5", "u3,new,0,lots", ("shop.yaml", "value: {outcome: spent"), ("VARCHAR",)),
    (OF_COUNTS, "data/trial.csv", "w,2024-03-03,103", "w,2024-03-03,x", ("trial.yaml", "clicks: c"), ("VARCHAR",)),
    (OF_COUNTS, "data/trial.csv", "w,2024-03-03,103,20", "w,2024-03-03,103,200",
     ("trial.yaml", "enrolments: e"), ("200 of 103", "2024-03-03", "counted once")),
    (OF_COUNTS, "data/trial.csv", "w,2024-03-03,103,20", "w,2024-03-03,103,nan",
     ("trial.yaml", "columns:"), ("nan", "whole")),
    (OF_COUNTS, "data/trial.csv", "w,2024-03-03,103,20", "w,2024-03-03,103,",
     ("trial.yaml", "enrolments: e"), ("missing on 2024-03-03", "matured: enrolments is not null")),
    (OF_FACTS, "plays.yaml", "measures:", "formats: {played_at: '%Q'}\nmeasures:", ("plays.yaml", "form"), ("'%Q'",)),
    (OF_FACTS, "plays.yaml", "ms / 1000.0", "cast(title as int)", ("plays.yaml", "seconds"), ("'song'", "correct")),
    (OF_FACTS, "plays.yaml", "ms / 1000.0", "nope(ms)", ("plays.yaml", "seconds"), ("nope", "correct")),
]  # fmt: skip
ROWS: list[Case] = [
    (OF_FACTS, "data/exposures.csv", ",page,", ",start,", ("e.yaml", "exposures"), ("'page'", "'start'")),
    (OF_FACTS, "exposures.yaml", "arm: arm", "arm: arm\nwhere: test = 'x'", ("e.yaml", "expos"), ("leaves out 24",)),
    (OF_FACTS, "plays.yaml", "measures:", "where: ms < 0\nmeasures:", ("m.yaml", "facts"), ("'plays'", "compare")),
    (OF_FACTS, "e.yaml", "  new: {}\n", "", ("e.yaml", "arms"), ("1 arm", "control and a treatment")),
    (OF_FACTS, "data/exposures.csv", ",new,", ",neu,", ("e.yaml", "new:"), ("arm 'new'", "'neu'", "{is: B}")),
    (OF_UNITS, "data/shop.csv", ",new,", ",old,", ("shop.yaml", "new:"), ("arm 'new'", "every unit")),
    (OF_COUNTS, "data/trial.csv", "new,", "neu,", ("trial.yaml", "new:"), ("arm 'new'", "'neu'")),
    (OF_FACTS, "exposures.yaml", "arm: arm", "arm: user_id", ("e.yaml", "exposures"), ("'u0'", "'old', 'new'")),
    (OF_FACTS, "plays.yaml", "ms / 1000.0", "5", ("m.yaml", "kind"), ("no unit differs", "recorded")),
    (OF_UNITS, "data/shop.csv", "u1,new,0,7.5", "u3,new,0,7.5", ("shop.yaml", "entities"), ("'u3'", "one row a unit")),
    (OF_FACTS, "data/plays.csv", "u3,2024-03-05 12", "u3,2024-02-30 12", ("plays.yaml", "timestamp"), ("2024-02-30",)),
    (OF_FACTS, "data/plays.csv", "u3,2024-03-05 12:00:00", "u3,2024-03-05 12:00:00+01:00",
     ("plays.yaml", "timestamp"), ("mixes time zones", "offset")),
    (OF_FACTS, "data/exposures.csv", "2024-03-05 10:00:00", "yesterday", ("exposures.yaml", "time"), ("yesterday",)),
    (OF_FACTS, "data/plays.csv", "u3,2024-03-05", "u3,9999-12-31", ("plays.yaml", "timestamp"), ("9999", "where:")),
    (OF_FACTS, "data/plays.csv", "u3,2024-03-05", "u3,0001-01-01", ("plays.yaml", "timestamp"), ("0001", "where:")),
    (OF_FACTS, "data/exposures.csv", "u3,page,new,2024", "u3,page,new,9999", ("exposures.yaml", "time"), ("9999",)),
    (OF_UNITS, "data/shop.csv", "u3,new,0,8.5", "u3,new,0,nan", ("shop.yaml", "value: {outcome: s"), ("'u3'", "where")),
    (OF_UNITS, "data/shop.csv", "u3,new,0,8.5", "u3,new,0,-inf", ("shop.yaml", "value: {outcome: s"), ("'u3'",)),
    (OF_UNITS, "data/shop.csv", "u3,new,0,8.5", "u3,new,0,1e308", ("shop.yaml", "value: {outcome: s"), ("scale",)),
    (OF_UNITS, "data/shop.csv", ",8.5,3", ",8.5,inf", ("shop.yaml", "kind: metric"), ("'history'", "'u3'")),
]  # fmt: skip


@pytest.mark.parametrize("case", COLUMNS + TYPES + ROWS, ids=lambda case: f"{case[1]} {case[3]}"[:60])
def test_what_does_not_fit_is_refused_with_its_place(house: House, case: Case) -> None:
    file, edited, old, new, (named, line), said = case
    house.edit(edited, old, new)
    house.refuses(house.line(named, line), *said, file=file)


WRITTEN: list[tuple[str, str, str, str, tuple[str, ...]]] = [
    ("m.yaml", "type: mean", "type: mean\ntype: mean", "type: mean", ("stands twice", "delete one")),
    ("m.yaml", "window: 2d", "windw: 2d", "windw", ("'windw'", "did you mean 'window'?")),
    ("m.yaml", "window: 2d", "window: {after: -1d, for: 7d}", "window", ("-1d", "before the exposure", "write 1d")),
    ("m.yaml", "window: 2d", "window: -7d", "window", ("-7d", "write 7d")),
    ("m.yaml", "window: 2d", "window: 2d\ncuped: -7d", "cuped", ("before exposure", "write 7d")),
    ("m.yaml", "window: 2d", "window: 3000000d", "window", ("3000000d", "shorter")),
    ("plays.yaml", "measures:", "settle: 4000000d\nmeasures:", "settle", ("4000000d", "shorter")),
    ("e.yaml", "arms:", "enrol: {from: 0001-01-01}\narms:", "enrol", ("0001-01-01", "leave it out")),
    ("e.yaml", "arms:", "measure_until: 9999-12-31\narms:", "measure_until", ("9999-12-31", "leave it out")),
    ("e.yaml", "sequential: fixed", "alpha: 200%", "alpha", ("200%", "such as 5%")),
    ("twyman.yaml", "duckdb", "oracle", "engine", ("'oracle'", "known are")),
    ("twyman.yaml", "data/", "$TWYMAN_IS_NOT_SET", "path", ("TWYMAN_IS_NOT_SET", "set it")),
    ("twyman.yaml", "UTC", "Mars/Olympus", "timezone", ("'Mars/Olympus'", "such as UTC")),
    (
        "plays.yaml",
        "seconds: ms / 1000.0",
        "seconds: more + 1\n  more: seconds + 1",
        "seconds:",
        ("'more'", "known are"),
    ),
    ("m.yaml", "type: mean", "type: &a [*a]", "type", ("*a", "never end")),
    ("m.yaml", "type: mean", "type: !!python/object/apply:os.system ['true']", "type", ("tag", "leave it out")),
    ("m.yaml", "name: listening", "name: 'x; drop'", "name", ("'x; drop'", "lower-case")),
]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: f"{case[0]} {case[2]}"[:60])
def test_what_is_written_wrongly_is_refused_with_its_line(
    house: House, case: tuple[str, str, str, str, tuple[str, ...]]
) -> None:
    file, old, new, line, said = case
    house.edit(file, old, new)
    house.refuses(house.line(file, line).split(":")[0], *said)


BOMBS = {
    "laughs": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
    "depth": f"where: {'[' * 100_000}{']' * 100_000}\n",
    "size": f"# {'x' * 5_000_000}\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_defused_and_nothing_else_is_blamed(house: House, bomb: str) -> None:
    house.write("m.yaml", FILES["m.yaml"] + BOMBS[bomb])
    run = house.analyze()
    assert run.code == 2
    assert run.left == []
    assert run.error.startswith("m.yaml:")
    assert run.error.count("\n") == 1, "a file that can't be read isn't said to lack a definition"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1; drop table x", "holds 2 statements"),
        ("select 1) as x; drop table y; select (2", "can't be read"),
        ("delete from plays", "DELETE"),
        ("copy (select 1) to 'x.csv'", "COPY"),
        ("attach 'x.db'", "ATTACH"),
        ("select 1 into x", "SELECT INTO"),
        ("select from where", "near 'where'"),
        ("select * from nowhere", "nowhere"),
        (";", "0 statements"),
    ],
)
def test_sql_is_one_select(house: House, sql: str, said: str) -> None:
    house.edit("plays.yaml", "table: plays.csv", f'sql: "{sql}"')
    house.refuses("plays.yaml:3: ", said)
    assert not (house.root / "x.csv").exists()


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(select count(*) from plays) > 0", "subquery"),
        ("ms > 1; drop table plays", "2 statements"),
        ("read_csv('/etc/hosts') is not null", "reads a file"),
        ("read_text('/etc/hosts') <> ''", "read_text()"),
        ("getenv('HOME') = 'x'", "getenv()"),
        ("attach 'x.db'", "command"),
        ("sum(ms) > 3", "aggregates"),
        ("ms > random()", "changes from one reading"),
        ("nope(ms) > 3", "nope"),
        ("title > 3", "VARCHAR"),
        ("ms >", "can't be read"),
        ("error('boom')", "boom"),
    ],
)
def test_an_expression_sees_its_row_only(house: House, expression: str, said: str) -> None:
    house.edit("plays.yaml", "measures:", f'where: "{expression}"\nmeasures:')
    house.refuses("plays.yaml:7: ", said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (DATA["data/plays.csv"] + "u1,2024-03-03 10:00:00,5,a,b,c\n", "line 98 of"),
        (DATA["data/plays.csv"] + "u1,2024-03-03 10:00:00\n", "line 98 of"),
        ("", "is empty: load it again"),
        (
            DATA["data/plays.csv"].encode() + b"u1,2024-03-03 10:00:00,5,caf\xe9\n",
            "line 98 of 'plays.csv' isn't written in UTF-8",
        ),
        (bytes(range(256)) * 20, "plays.csv"),
    ],
    ids=["long", "short", "empty", "latin-1", "binary"],
)
def test_a_broken_text_file_is_named_with_its_line(house: House, content: str | bytes, said: str) -> None:
    house.write("data/plays.csv", content)
    house.refuses("plays.yaml:3: ", said)


@pytest.mark.parametrize(
    ("file", "table", "said"),
    [
        (OF_FACTS, "exposures", "table is empty"),
        (OF_FACTS, "plays", "holds no rows"),
        (OF_UNITS, "shop", "holds no rows"),
        (OF_COUNTS, "trial", "holds no rows"),
    ],
)
def test_a_table_with_a_header_only_is_called_empty(house: House, file: str, table: str, said: str) -> None:
    header, _ = DATA[f"data/{table}.csv"].split("\n", 1)
    house.write(f"data/{table}.csv", f"{header}\n")
    house.refuses(said, file=file)


@pytest.mark.parametrize("content", [b"PAR1 no more", b""])
def test_a_corrupt_parquet_file_is_named(house: House, content: bytes) -> None:
    house.write("data/plays.parquet", content)
    house.edit("plays.yaml", "plays.csv", "plays.parquet")
    house.refuses("plays.yaml:3: ", "plays.parquet")


def test_a_column_without_any_value_is_named(house: House) -> None:
    rows = [",".join([*line.split(",")[:2], "", "song"]) for line in DATA["data/plays.csv"].splitlines()[1:]]
    house.write("data/plays.csv", csv("user_id,played_at,ms,title", rows))
    house.refuses("'ms'", "empty in all 96 rows", "name another column")


def test_ambiguous_dates_are_shown_both_ways(house: House) -> None:
    house.write("data/plays.csv", csv("user_id,played_at,ms,title", ["u1,03/04/2024,5,a", "u2,04/03/2024,6,b"]))
    house.refuses(house.line("plays.yaml", "timestamp"), "3 April 2024", "4 March 2024", "formats:")


def test_a_list_is_no_id(house: House) -> None:
    when = pa.array([datetime(2024, 3, 3, tzinfo=UTC).replace(tzinfo=None)] * 2)
    house.parquet("plays", {"user_id": [["u1"], ["u2"]], "played_at": when, "ms": [1, 2], "title": ["a", "b"]})
    house.refuses(house.line("plays.yaml", "user:"), "VARCHAR[]", "one value a row")


@pytest.mark.parametrize("sign", [1, -1])
def test_infinite_times_are_no_times(house: House, sign: int) -> None:
    when = pa.array([1_709_600_000_000_000, sign * (2**63 - 1)], pa.timestamp("us"))
    house.parquet("plays", {"user_id": ["u1", "u2"], "played_at": when, "ms": [1, 2], "title": ["a", "b"]})
    house.refuses(house.line("plays.yaml", "timestamp"), "infinity", "(rows: 1)")


def test_a_cap_is_no_remedy_for_nan(house: House) -> None:
    house.edit("data/shop.csv", "u3,new,0,8.5", "u3,new,0,nan")
    house.edit("shop.yaml", "type: mean", "type: mean\ncap: {percentile: 90}")
    house.refuses("NaN", "'u3'", file=OF_UNITS)


@pytest.mark.slow
def test_ten_thousand_arms_are_taken_for_ids(house: House) -> None:
    arms = "".join(f"  a{i}: {{share: 0.01%}}\n" for i in range(9_999))
    house.edit("e.yaml", "  old: {control: true}\n  new: {}\n", f"  a: {{control: true, share: 0.01%}}\n{arms}")
    house.refuses(house.line("e.yaml", "arms"), "10,000 arms", "is an id given")


def test_thousands_of_unknown_arms_are_taken_for_ids(house: House) -> None:
    rows = [f"u{i},page,a{i},2024-03-02 10:00:00" for i in range(3_000)]
    house.write("data/exposures.csv", csv("user_id,test,arm,exposed_at", rows))
    house.refuses("none of 3,000 rows", "and more", "column of ids?")


def test_rows_without_a_time_are_counted_and_said(house: House) -> None:
    house.edit("data/plays.csv", "u3,2024-03-05 12:00:00", "u3,")
    assert house.analyze().code == 0
    assert "Rows of plays without a time: 1." in (house.out / "out.json").read_text()


def test_attributes_from_after_exposure_are_not_used(house: House) -> None:
    house.edit("e.yaml", "metrics:", "dimensions: [country]\nmetrics:")
    house.edit("data/profile.csv", "2024-01-01", "2024-06-01")
    assert house.analyze().code == 0
    assert "NZ" not in (house.out / "out.json").read_text().partition('"sql"')[0]


@pytest.mark.parametrize("name", ['o\'neill "b";--.csv', "hörspiel ünï.csv", "a[1].csv"])
def test_files_may_be_called_anything(house: House, name: str) -> None:
    (house.root / "data/plays.csv").rename(house.root / "data" / name)
    house.edit("plays.yaml", "table: plays.csv", f"table: '{name.replace(chr(39), chr(39) * 2)}'")
    assert house.analyze() == Run(0, "", ["out.json"])


def test_columns_and_arms_may_be_called_anything(house: House) -> None:
    evil = '"; drop table x; --'
    house.edit("data/plays.csv", ",ms,", ',"""; drop table x; --",')
    house.edit("plays.yaml", "ms / 1000.0", f"'{evil}'")
    house.edit("data/exposures.csv", ",new,", ",' or 1=1 --,")
    house.edit("e.yaml", "new: {}", 'new: {is: "\' or 1=1 --"}')
    assert house.analyze() == Run(0, "", ["out.json"])


@pytest.mark.parametrize("name", ["units", "cells", "source", "exposure_rows", "listening"])
def test_a_source_may_bear_a_name_that_the_statement_uses(house: House, name: str) -> None:
    plain = house.effect()
    house.edit("plays.yaml", "name: plays", f"name: {name}")
    house.edit("m.yaml", "facts: plays", f"facts: {name}")
    assert house.effect() == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize(
    ("day", "code", "said"),
    [
        ("2100-01-01", 4, "still to come"),
        ("next tuesday", 2, "ISO 8601"),
        ("2020-01-01", 2, "beyond the cut-off"),
        ("0001-01-01", 2, "1900"),
        ("9999-12-31T23:59:59-12:00", 2, "2199"),
    ],
)
def test_a_day_of_reading_that_cannot_be(house: House, day: str, code: int, said: str) -> None:
    run = house.analyze("e.yaml", "--as-of", day)
    assert (run.code, run.left) == (code, [])
    assert said in run.error


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("e.yaml", "--experiment", "pge"), 3, "did you mean 'page'?"),
        (("nope.yaml",), 3, "isn't there"),
        (("x" * 300 + ".yaml",), 3, "isn't there"),
        (("m.yaml",), 2, "holds no experiment"),
        ((".",), 2, "--experiment"),
        (("e.yaml", "--output", "no/out.json"), 3, "make it first"),
        (("e.yaml", "--output", "answers"), 5, "it is a folder"),
        (("e.yaml", "--output", "x" * 300), 5, "can't be written"),
        (("e.yaml", "--output", "answers/a\0b"), 5, "can't be written"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_arguments_that_name_nothing(house: House, arguments: tuple[str, ...], code: int, said: str) -> None:
    run = house.analyze(*arguments)
    assert (run.code, run.left) == (code, [])
    assert said in run.error


def test_an_unknown_format_is_refused_with_the_known_ones(house: House) -> None:
    with pytest.raises(SystemExit) as refusal:
        house.analyze("e.yaml", "--format", "xml")
    assert refusal.value.code == 2
    assert "'html'" in house.capsys.readouterr().err


@pytest.mark.parametrize(
    ("edit", "said", "code"),
    [
        (("plays.yaml", "plays.csv", "playz.csv"), ("plays.yaml:3: ", "did you mean 'plays.csv'?"), 3),
        (("plays.yaml", "plays.csv", "plays"), ("plays.yaml:3: ", "plays.parquet"), 3),
        (("twyman.yaml", "data/", "dota/"), ("twyman.yaml:5: ", "make the folder"), 3),
        (("twyman.yaml", "data/", "broken.duckdb"), ("twyman.yaml:5: ", "name another file"), 6),
    ],
)
def test_what_is_not_there_is_looked_for_by_name(
    house: House, edit: tuple[str, str, str], said: tuple[str, ...], code: int
) -> None:
    house.write("broken.duckdb", "nonsense" * 100)
    house.edit(*edit)
    house.refuses(*said, code=code)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_forbidden(house: House) -> None:
    (house.root / "data/plays.csv").chmod(0)
    house.refuses("plays.yaml:3: ", "ask whoever owns it", code=5)


def test_a_file_that_may_not_be_read_is_forbidden_even_to_root(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    access: Callable[..., bool] = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("plays.csv") and access(path, mode))
    house.refuses("plays.yaml:3: ", "ask whoever owns it", code=5)


def test_several_experiments_need_a_name(house: House) -> None:
    house.write("e.yaml", FILES["e.yaml"] + "---\n" + FILES["e.yaml"].replace("name: page", "name: other"))
    house.refuses("'page', 'other'", "--experiment page")


def test_a_name_means_one_thing(house: House) -> None:
    house.write("again.yaml", FILES["plays.yaml"])
    house.refuses("plays.yaml:2: ", "again.yaml:2", "rename one")


def test_stopping_by_hand_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(wiring, "analyze", stop)
    assert house.analyze() == Run(130, "stopped; nothing was written\n", [])


def test_stopping_while_writing_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    assert house.analyze() == Run(130, "stopped; nothing was written\n", [])
