"""`twyman flags …` as it is typed: what it prints, what it writes, and how it refuses."""

import json
import shutil
from pathlib import Path

import pytest

from twyman.cli.main import main

FLAGS = """
kind: group
name: home
---
kind: segment
name: new-zealand
when: {country: {in: [NZ]}}
allocation: {share: 20%, group: home}
---
kind: client
name: mobile
environments: [production]
---
kind: client
name: beta
environments: [staging]
---
kind: flag
name: page
clients: [mobile]
schema: {rows: int}
variants: {classic: {rows: 20}, moments: {rows: 12}}
default: classic
rules:
  - {name: testers, when: {email: {ends_with: "@twyman.example"}}, environments: [staging], serve: moments}
  - {name: ab, segment: new-zealand, salt: page-1, split: {classic: 50%, moments: 50%}}
---
kind: flag
name: internal
clients: []
schema: bool
variants: {on: true}
rules: [{name: all, serve: on}]
"""
IN = '{"targeting_key": "u-2", "country": "NZ"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "music"
    place.mkdir()
    (place / "twyman.yaml").write_text("kind: project\nname: music\nentities: {user: {type: string}}\n")
    (place / "flags.yaml").write_text(FLAGS)
    assert main(["flags", "allocate", str(place)]) == 0
    return place


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0) -> str:
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == code
    read = capsys.readouterr()
    return read.err if code else read.out


def unit_in(folder: Path, variant: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return a context whose unit the rule `ab` gives a variant."""
    for number in range(200):
        context = json.dumps({"targeting_key": f"u-{number}", "country": "NZ"})
        if (
            f'"variant":"{variant}","value"'
            in said(capsys, "flags", "eval", "page", "--flags", folder, "--context", context, "--format", "json")
            and number
        ):
            return context
    raise AssertionError


def test_an_answer_says_variant_value_and_exposure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = unit_in(folder, "moments", capsys)
    unit = json.loads(context)["targeting_key"]

    printed = said(capsys, "flags", "eval", "page", "--flags", folder, "--context", context)

    assert printed.splitlines() == [
        "page: variant 'moments', by rule 'ab'",
        '  value     {"rows":12}',
        f"  exposure  of {unit} to experiment page.ab, arm moments",
    ]


def test_no_rule_serves_the_default_and_exposes_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "flags", "eval", "page", "--flags", folder, "--context", '{"country": "SE"}')

    assert printed.splitlines() == ["page: variant 'classic': no rule serves this context", '  value     {"rows":20}']


def test_a_unit_that_is_none_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "flags", "eval", "page", "--flags", folder, "--context", '{"targeting_key": 1.5}')

    assert "the unit's id is no id" in printed
    assert "an id is text or a whole number" in printed


def test_environments_are_the_clients_unless_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("flags", "eval", "page", "--flags", folder, "--context", '{"email": "ada@twyman.example"}')

    assert "moments" not in said(capsys, *asked, "--client", "mobile")
    assert "moments" in said(capsys, *asked, "--client", "mobile", "--environment", "production,staging")


def test_contexts_come_from_files_too(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "context.json").write_text('{"targetingKey": "u-2", "country": "SE"}')

    assert "classic" in said(
        capsys, "flags", "eval", "page", "--flags", folder, "--context", f"@{tmp_path / 'context.json'}"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("pgae", "--context", IN), 3, "flag 'pgae' isn't defined: did you mean 'page'?"),
        (("internal", "--client", "mobile"), 3, "flag 'internal' isn't for client 'mobile'"),
        (("page", "--client", "mobil"), 3, "client 'mobil' isn't defined: did you mean 'mobile'?"),
        (("page", "--context", "{"), 2, "--context: context isn't JSON"),
        (("page", "--context", "[1]"), 2, "--context: context is no object"),
        (("page", "--context", "@nowhere.json"), 3, "there is no file 'nowhere.json'"),
    ],
)
def test_a_question_that_cant_be_right_says_why(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, why: str
) -> None:
    for command in ("eval", "explain"):
        assert why in said(capsys, "flags", command, *arguments, "--flags", folder, code=code)


def test_explain_says_why_each_rule_took_the_unit_or_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "flags", "explain", "page", "--flags", folder, "--context", IN)

    assert "testers" in printed
    assert "country is one of 'NZ' (it is 'NZ')" in printed
    assert "in the share of group home: bucket " in printed
    answer = json.loads(
        said(capsys, "flags", "explain", "page", "--flags", folder, "--context", IN, "--format", "json")
    )
    assert len(answer["rules"]) == 2


def test_diff_counts_whom_a_change_moves(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(folder, changed)
    (changed / "flags.yaml").write_text(FLAGS.replace("share: 20%", "share: 60%"))
    assert main(["flags", "allocate", str(changed)]) == 0
    sample = tmp_path / "contexts.jsonl"
    sample.write_text("".join(json.dumps({"targeting_key": f"u-{n}", "country": "NZ"}) + "\n" for n in range(500)))

    found = json.loads(said(capsys, "flags", "diff", folder, changed, "--sample", sample, "--format", "json"))

    [page] = found["flags"]
    assert [(change["before"], change["after"]) for change in page["changes"]] == [("classic", "moments")]
    assert 60 < page["contexts"] < 140  # 40 % of the units come in, and half of them get moments
    same = said(capsys, "flags", "diff", folder, folder, "--sample", sample, "--flag", "page")
    assert same.startswith("0 of 500 contexts")
    assert "isn't defined" in said(capsys, "flags", "diff", folder, changed, "--sample", sample, "--flag", "x", code=3)


def test_a_sample_with_a_broken_line_is_named_by_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = tmp_path / "contexts.jsonl"
    sample.write_text("{}\n\n{\n")

    assert f"{sample}:3: context isn't JSON" in said(
        capsys, "flags", "diff", folder, folder, "--sample", sample, code=2
    )


def test_allocate_says_what_changes_and_writes_only_then(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = folder / "allocations.lock"
    before = lock.read_text()
    assert said(capsys, "flags", "allocate", folder) == "every claim has its slices; nothing changed\n"

    (folder / "flags.yaml").write_text(FLAGS.replace("share: 20%", "share: 30%"))
    assert "nothing was written" in said(capsys, "flags", "allocate", folder, "--dry-run")
    assert lock.read_text() == before
    assert "written to" in said(capsys, "flags", "allocate", folder)
    assert lock.read_text() != before


def test_a_renamed_claim_keeps_its_slices(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flags.yaml").write_text(FLAGS.replace("new-zealand", "aotearoa"))

    said(capsys, "flags", "allocate", folder, "--rename", "new-zealand=aotearoa")

    assert "aotearoa: [[0, 200000]]" in (folder / "allocations.lock").read_text()
    assert "names no two claims" in said(capsys, "flags", "allocate", folder, "--rename", "aotearoa", code=2)


def test_a_state_is_built_of_sound_flags_and_answers_as_the_folder_does(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    said(capsys, "flags", "build", folder, "--output", state)

    asked = ("--context", IN, "--format", "json")
    answers = [said(capsys, "flags", "eval", "page", "--flags", place, *asked) for place in (folder, state)]
    assert answers[0] == answers[1]
    assert said(capsys, "flags", "check", state) == "2 flags, 1 segment: all sound\n"
    (folder / "flags.yaml").write_text(FLAGS.replace("default: classic", "default: clasic"))
    assert "clasic" in said(capsys, "flags", "build", folder, code=2)
    assert "clasic" in said(capsys, "flags", "check", folder, code=2)


def test_one_broken_flag_leaves_the_others_and_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flags.yaml").write_text(FLAGS.replace("default: classic", "default: clasic"))

    capsys.readouterr()
    assert main(["flags", "eval", "internal", "--flags", str(folder)]) == 0
    read = capsys.readouterr()

    assert read.out.startswith("internal: variant 'on', by rule 'all'")
    assert "can't be resolved" in read.err
    assert "run twyman flags check" in read.err


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no state"),
        ('{"twyman": 1, "flags"', "state can't be read"),
        ('{"twyman": 99}', "update twyman"),
        ("[]", "no state"),
    ],
)
def test_a_file_that_is_no_state_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, why: str
) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)

    printed = said(capsys, "flags", "eval", "page", "--flags", path, code=2)

    assert str(path) in printed
    assert why in printed
