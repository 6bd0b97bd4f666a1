"""`twyman gate` as it is typed: over real files, in every format, with the exit codes of a pipeline."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest

from twyman.cli.main import main
from twyman.flags.bucketing import bucket_of
from twyman.flags.resolve import Interpreter
from twyman.wiring.flags import load

SOURCES = """\
kind: exposures
name: exposures
table: exposures.csv
entities: {user: user_id}
timestamp: exposed_at
experiment: test
arm: arm
---
kind: facts
name: plays
table: plays.csv
entities: {user: user_id}
timestamp: played_at
---
kind: metric
name: minutes
facts: plays
type: mean
value: {count: "*"}
window: 2d
"""
PAGE = """\
kind: flag
name: page
owner: home
schema: bool
variants: {off: false, on: true}
default: off
rules:
  - name: page-test
    when: {country: {in: [NZ]}}
    by: user.id
    salt: page-1
    split: {off: 50%, on: 50%}
    experiment: page-test
---
kind: experiment
name: page-test
owner: home
flag: page
arms: {control: {variant: off}, treatment: {variant: on}}
exposures: exposures
metrics: {minutes: {role: success}}
"""
ADS = """\
kind: flag
name: ads
owner: labs
schema: {enabled: bool}
variants: {on: {enabled: true}, off: {enabled: false}}
default: on
rules:
  - {name: quiet, environments: [production], when: {flag: {name: page, is: on}}, serve: off}
"""
DRAW = "draw: {size: 2000, attributes: {country: {NZ: 50%, SE: 50%}}}"
CONTEXTS = f"kind: contexts\nname: people\n{DRAW}\n"
CLIENT = "kind: client\nname: web\nenvironments: [production, staging, test]\n"
BOTS = CONTEXTS.replace("people", "bots")
OVERRIDE = """\
gate: {override: [{finding: prerequisite, with: ads, reason: one launch, reviewer: ann}]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "music"
    root.mkdir()
    for name, text in (("sources", SOURCES), ("page", PAGE), ("contexts", CONTEXTS)):
        (root / f"{name}.yaml").write_text(text)
    (root / "twyman.yaml").write_text("kind: project\nname: music\n")
    return root


def ids(folder: Path) -> list[str]:
    """Return the ids of those whom the page's test treats."""
    ask = Interpreter(load(folder).state)
    found = [f"u-{n}" for n in range(200)]
    return [u for u in found if ask.evaluate("page", {"country": "NZ", "user": {"id": u}}).variant == "on"]


def alias(folder: Path) -> None:
    """Switch advertising off for the treated, by a list."""
    (folder / "quiet.txt").write_text("\n".join(ids(folder)))
    ads = ADS.replace("when: {flag: {name: page, is: on}}", "by: user.id, segment: quiet")
    (folder / "ads.yaml").write_text(f"{ads}---\nkind: segment\nname: quiet\nunits: {{file: quiet.txt}}\n")
    lines = (json.dumps({"user": {"id": f"u-{n}"}, "country": "NZ"}) for n in range(200))
    (folder / "real.jsonl").write_text("\n".join(lines))


def test_a_sound_launch_passes_in_a_few_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(folder)]) == 0

    head, _, first, fine, _, last = capsys.readouterr().out.splitlines()
    assert head == "1 flags resolved for 2,000 contexts drawn as 'people' says"
    assert first.startswith("page-test passes (")
    assert fine == "  independent of 0 of 0 other flags; 1 note by --notes"
    assert last == "the experiment may go live"


def test_an_alias_blocks_with_exit_code_ten_and_both_places(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alias(folder)

    assert main(["gate", str(folder), "--contexts", "music/real.jsonl"]) == 10

    printed = capsys.readouterr().out
    assert "BLOCKED aliased: `ads.enabled` is off for 100 % of treatment and 0 % of control." in printed
    assert "    music/page.yaml:8, music/ads.yaml:7" in printed
    assert printed.endswith("1 of 1 blocked\n")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_contexts_of_every_kind_of_file_are_the_same_contexts(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    (folder / "page.yaml").write_text(PAGE.replace("    by: user.id\n", ""))
    table = pa.table({"targetingKey": [f"00{n}" for n in range(100)], "country": ["NZ", "SE"] * 50})
    match kind:
        case "jsonl":
            (folder / "c.jsonl").write_text("\n".join(map(json.dumps, table.to_pylist())))
        case "csv":
            pa_csv.write_csv(table, folder / "c.csv")
        case _:
            pa_parquet.write_table(table, folder / "c.parquet")
    (folder / "contexts.yaml").write_text(f"kind: contexts\nname: people\ntable: c.{kind}\n")

    assert main(["gate", str(folder), "--format", "json"]) == 0

    (found,) = json.loads(capsys.readouterr().out)["experiments"]
    treated = sum(bucket_of(f"00{n}", salt="page-1") >= 500_000 for n in range(0, 100, 2))
    assert found["units"] == {"control": 50 - treated, "treatment": treated}
    assert found["label"]["markets"] == {"NZ": 50}


def test_environments_are_all_asked_unless_some_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ads.yaml").write_text(f"{ADS}---\n{CLIENT}")

    assert main(["gate", str(folder)]) == 0
    assert "warning prerequisite: `ads.enabled` is off for 100 %" in capsys.readouterr().out
    assert main(["gate", str(folder), "--environment", "staging,test"]) == 0
    assert "prerequisite" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (ADS, "environment 'prodction' isn't known: did you mean 'production'?"),
        (
            CLIENT.replace("staging, test", "test").replace("production", "web"),
            "environment 'prodction' isn't known: known are 'test', 'web'",
        ),
        (CONTEXTS, "environment 'prodction' isn't known: no rule or client names any, so leave it out"),
    ],
)
def test_an_environment_that_nothing_names_opens_no_gate(
    folder: Path, capsys: pytest.CaptureFixture[str], files: str, said: str
) -> None:
    (folder / "contexts.yaml").unlink()
    (folder / "more.yaml").write_text(files if files == CONTEXTS else f"{files}---\n{CONTEXTS}")

    assert main(["gate", str(folder), "--environment", "prodction"]) == 3

    shown = capsys.readouterr()
    assert said in shown.err
    assert not shown.out


def test_the_gate_blocks_in_the_environment_whose_rule_conflicts_and_not_in_a_misspelt_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alias(folder)
    asked = ["gate", str(folder), "--contexts", "music/real.jsonl", "--environment"]

    assert main([*asked, "production"]) == 10
    assert main([*asked, "prodction"]) == 3
    assert main([*asked, "production,prodction"]) == 3
    assert "did you mean 'production'?" in capsys.readouterr().err


def test_what_was_let_pass_stays_in_sight(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ads.yaml").write_text(ADS)
    (folder / "page.yaml").write_text(f"{PAGE}{OVERRIDE}")

    assert main(["gate", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "  let pass: prerequisite 'ads' (one launch; reviewed by ann)" in printed
    assert "warning" not in printed
    main(["gate", str(folder), "--format", "sarif"])
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    (passed,) = [each for each in results if "suppressions" in each]
    assert passed["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "one launch (reviewed by ann)"}
    ]


def test_sarif_points_at_lines(folder: Path) -> None:
    alias(folder)

    main(["gate", str(folder), "--contexts", "music/real.jsonl", "--format", "sarif", "--output", "gate.sarif"])

    log = json.loads(Path("gate.sarif").read_text())
    (run,) = log["runs"]
    (result,) = [each for each in run["results"] if each["level"] == "error"]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "Twyman")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "aliased"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "music/page.yaml"},
        "region": {"startLine": 8},
    }
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "music/ads.yaml"}


def test_in_sarif_what_is_about_no_experiment_alone_stands_somewhere_too(folder: Path) -> None:
    (folder / "contexts.yaml").write_text(CONTEXTS.replace("country", "state"))
    (folder / "page.yaml").write_text(PAGE.replace("    when: {country: {in: [NZ]}}\n", ""))
    (folder / "ads.yaml").write_text(ADS.replace("flag: {name: page, is: on}", "genre: {is: metal}"))

    main(["gate", str(folder), "--format", "sarif", "--output", "gate.sarif"])

    results = json.loads(Path("gate.sarif").read_text())["runs"][0]["results"]
    assert [(each["ruleId"], "locations" in each) for each in results] == [("blind", True)]


@pytest.mark.parametrize("form", ["table", "json", "sarif"])
def test_nothing_of_a_sealed_flag_is_in_any_report(folder: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    alias(folder)
    text = (folder / "ads.yaml").read_text()
    (folder / "ads.yaml").write_text(text.replace("schema:", "sealed: true\nschema:"))

    main(["gate", str(folder), "--contexts", "music/real.jsonl", "--format", form, "--notes"])

    printed = capsys.readouterr().out
    assert "It conflicts with a sealed experiment: ask its owner (labs)." in printed
    for secret in ("ads", "enabled", "quiet", "100 %"):
        assert secret not in printed


@pytest.mark.parametrize("form", ["table", "json", "sarif"])
def test_a_sealed_experiment_is_told_to_who_names_it(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    alias(folder)
    (folder / "page.yaml").write_text(f"{PAGE}sealed: true\n")
    typed = ["gate", str(folder), "--contexts", "music/real.jsonl", "--format", form]

    assert main(typed) == 10
    everybody = capsys.readouterr().out
    assert main([*typed, "--experiment", "page-test"]) == 10
    owner = capsys.readouterr().out

    assert "ads" not in everybody
    assert "treatment" not in everybody
    assert "page-test" not in everybody
    assert "`ads.enabled` is off for 100 % of treatment" in owner


def test_an_over_full_group_is_told_though_the_lock_has_no_slices(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segments = "\n---\n".join(
        f"kind: segment\nname: {name}\nallocation: {{share: {share}, group: home}}"
        for name, share in (("first", "70%"), ("second", "50%"))
    )
    (folder / "segments.yaml").write_text(segments)
    (folder / "page.yaml").write_text(PAGE.replace("when: {country: {in: [NZ]}}", "segment: first"))

    assert main(["gate", str(folder)]) == 10

    assert "BLOCKED over_full: Exclusivity group 'home' is over-full: first 70 %, second 50 % come to 120 %" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("file", "before", "after", "code", "said"),
    [
        ("contexts", CONTEXTS, "", 2, "nothing says who asks for flags"),
        (
            "contexts",
            DRAW,
            "table: x.csv",
            3,
            "contexts.yaml:3",
        ),
        (
            "contexts",
            DRAW,
            "table: page.yaml",
            2,
            "give CSV",
        ),
        ("contexts", "size: 2000", "size: -1", 2, "size -1 isn't between"),
        (
            "contexts",
            CONTEXTS,
            f"{CONTEXTS}---\n{BOTS}",
            2,
            "several contexts are defined",
        ),
        ("page", "    salt: page-1\n", "", 2, "has no salt to draw them by"),
        ("page", "flag: page\n", "", 2, "no experiment in"),
        ("page", "flag: page\narms", "flag: pages\narms", 10, ""),
    ],
)
def test_what_cant_be_gated_is_refused_with_its_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, before: str, after: str, code: int, said: str
) -> None:
    text = (folder / f"{file}.yaml").read_text()
    assert before in text
    (folder / f"{file}.yaml").write_text(text.replace(before, after))

    assert main(["gate", str(folder)]) == code

    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["--experiment", "page-tst"], 3, "did you mean 'page-test'?"),
        (["--contexts", "peopel"], 3, "did you mean 'people'?"),
        (["--contexts", "nowhere.jsonl"], 3, "contexts 'nowhere.jsonl' aren't there"),
        (["--output", "nowhere/x"], 3, "doesn't exist"),
    ],
)
def test_slips_in_what_is_typed_are_met_with_the_nearest(
    folder: Path, capsys: pytest.CaptureFixture[str], typed: list[str], code: int, said: str
) -> None:
    assert main(["gate", str(folder), *typed]) == code

    assert said in capsys.readouterr().err


def test_a_torn_file_of_contexts_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "torn.parquet").write_bytes(b"PAR1")

    assert main(["gate", str(folder), "--contexts", "music/torn.parquet"]) == 2

    assert "contexts 'torn.parquet' can't be read" in capsys.readouterr().err


FLAG_X = """\
kind: flag
name: project-x
owner: labs
schema: bool
variants: {on: true, off: false}
default: on
"""
LAUNCH = """\
---
kind: experiment
name: x-launch
owner: labs
sealed: true
flag: project-x
arms: {control: {variant: on}, off: {variant: off}}
exposures: exposures
metrics: {minutes: {role: success}}
"""
SHARED = "kind: segment\nname: {name}\nallocation: {{share: {share}, group: {group}}}\n---\n"


def lay_out(folder: Path, *, leak: str) -> tuple[str, ...]:
    """Write what is sealed in one of several ways, and return what nobody may read of it."""
    open_page = PAGE.replace("    when: {country: {in: [NZ]}}\n", "")
    match leak:
        case "an experiment without a rule":
            (folder / "x.yaml").write_text(f"{FLAG_X}rules: [{{name: quiet, serve: off}}]\n{LAUNCH}")
        case "an attribute":
            rule = "{name: quiet, when: {x_tester: {is: true}}, serve: off}"
            (folder / "x.yaml").write_text(f"{FLAG_X}sealed: true\nrules: [{rule}]\n")
        case "a group of its own":
            claims = SHARED.format(name="x-one", share="70%", group="x-group")
            claims += SHARED.format(name="x-two", share="60%", group="x-group")
            rules = "[{name: one, segment: x-one, serve: on}, {name: two, segment: x-two, serve: off}]"
            (folder / "x.yaml").write_text(f"{claims}{FLAG_X}sealed: true\nrules: {rules}\n")
        case _:
            claims = SHARED.format(name="x-people", share="73%", group="home")
            claims += SHARED.format(name="page-people", share="60%", group="home")
            rule = "{name: xx, segment: x-people, serve: off}"
            (folder / "x.yaml").write_text(f"{claims}{FLAG_X}sealed: true\nrules: [{rule}]\n")
            open_page = PAGE.replace("when: {country: {in: [NZ]}}", "segment: page-people")
    (folder / "page.yaml").write_text(open_page)
    return ("project-x", "x-launch", "x_tester", "x-people", "x-one", "x-two", "x-group", "73", "33", "133", "730000")


@pytest.mark.parametrize("form", ["table", "json", "sarif"])
@pytest.mark.parametrize(
    "leak", ["an experiment without a rule", "an attribute", "a group of its own", "a claim beside ours"]
)
def test_what_is_sealed_leaks_by_no_way_round(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str, leak: str
) -> None:
    secrets = lay_out(folder, leak=leak)

    main(["gate", str(folder), "--format", form, "--notes"])

    printed = capsys.readouterr().out
    assert "ealed" in printed
    told = [secret for secret in secrets if re.search(rf"(?<![\d,.]){secret}(?![\d,.]\d)", printed)]
    assert told == []


def test_a_group_that_is_over_full_by_what_is_sealed_says_whom_to_ask(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(folder, leak="a claim beside ours")

    assert main(["gate", str(folder)]) == 10

    printed = capsys.readouterr().out
    assert "'home' is over-full: page-people 60 %, beside what is sealed, is more than there is" in printed
    assert "ask the owner of what is sealed (labs)" in printed


@pytest.mark.parametrize("form", ["table", "sarif"])
def test_who_shares_a_flag_with_a_sealed_experiment_is_told_of_the_conflict(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    rule = "  - {name: x-rule, salt: x-1, split: {off: 50%, on: 50%}, experiment: x-launch}\n---"
    (folder / "page.yaml").write_text(PAGE.replace("---", rule, 1).replace("    when: {country: {in: [NZ]}}\n", ""))
    ours = LAUNCH.replace("project-x", "page").replace("off: {variant: off}", "x-arm: {variant: off}")
    (folder / "x.yaml").write_text(ours)

    assert main(["gate", str(folder), "--format", form]) == 10

    printed = capsys.readouterr().out
    for secret in ("x-launch", "x-rule", "x-arm"):
        assert secret not in printed
    assert "page-test is blocked" in printed or form == "sarif"
    assert "It conflicts with a sealed experiment: ask its owner (labs)." in printed
    if form == "sarif":
        results = json.loads(printed)["runs"][0]["results"]
        told = [each for each in results if "page-test: It conflicts" in each["message"]["text"]]
        assert [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in told] == [8]


def test_another_teams_group_is_let_pass_in_the_experiment_that_is_launched(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = "".join(SHARED.format(name=name, share="60%", group="home") for name in ("first", "second"))
    (folder / "segments.yaml").write_text(claims.removesuffix("---\n"))
    passed = OVERRIDE.replace("prerequisite, with: ads", "over_full, with: home")

    assert main(["gate", str(folder)]) == 10
    assert capsys.readouterr().out.endswith("the experiment must wait for what blocks above, though about none alone\n")
    (folder / "page.yaml").write_text(f"{PAGE}{passed}")
    assert main(["gate", str(folder), "--notes"]) == 0
    printed = capsys.readouterr().out
    assert "  let pass: over_full 'home' (one launch; reviewed by ann)" in printed
    assert "unused_override" not in printed
