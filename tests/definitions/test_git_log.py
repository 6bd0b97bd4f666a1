"""What was changed when, by the git repository that definitions lie in; and that nothing in it is ever run."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twyman.app.changes import Change
from twyman.definitions.git_log import changes_of

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLAG = "kind: flag\nname: start-page\nrules:\n  - name: all\n    share: 10\n"


class Repository:
    """A repository in a fresh folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, at: datetime = NOON, by: str = "Ada") -> str:
        who = {"AUTHOR": by, "COMMITTER": "Bot"}
        named = {f"GIT_{role}_NAME": name for role, name in who.items()}
        named |= {f"GIT_{role}_EMAIL": "a@example.org" for role in who}
        named |= {f"GIT_{role}_DATE": at.isoformat() for role in who}
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **named, **alone},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, at: datetime = NOON, by: str = "Ada", **files: str | None) -> str:
        for name, text in files.items():
            file = self.folder / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True) if text is None else file.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change\n\ndiff --git a/x b/x", at=at, by=by)
        return self.git("rev-parse", "HEAD")[:7]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tmp_path)
    repository = Repository(tmp_path)
    repository.commit(NOON - 90 * HOUR, flags__page_yaml=FLAG)
    return repository


def told(folder: Path, hours: int = 24) -> list[Change]:
    return list(changes_of(folder)(NOON - hours * HOUR, NOON + hours * HOUR))


def test_a_change_says_when_where_what_and_by_whom(made: Repository) -> None:
    commit = made.commit(flags__page_yaml=FLAG.replace("10", "50"))

    assert told(made.folder) == [
        Change(
            at=NOON,
            file="flags/page.yaml",
            defines=(("flag", "start-page"),),
            edits=("share 10 → 50",),
            by="Ada",
            commit=commit,
        )
    ]


def test_changes_come_in_order_and_only_of_the_time_asked_for(made: Repository) -> None:
    for hours, share in ((-30, 20), (-2, 30), (5, 40), (24, 50)):
        made.commit(NOON + hours * HOUR, flags__page_yaml=FLAG.replace("10", str(share)))

    assert [change.edits for change in told(made.folder)] == [("share 20 → 30",), ("share 30 → 40",)]
    assert next(change.edits for change in told(made.folder, hours=31)) == ("share 10 → 20",)


def test_what_serves_nobody_and_comments_are_left_out(made: Repository) -> None:
    made.commit(metric_yaml="kind: metric\nname: minutes\n", notes_txt="kind: flag\nname: x\n")
    made.commit(flags__page_yaml=f"# why\n\n{FLAG}")

    assert told(made.folder) == []


def test_a_lock_and_every_kind_that_serves_is_told(made: Repository) -> None:
    kinds = ("experiment", "flag", "segment", "group", "client", "surface")
    made.commit(allocations_lock="{}", **{f"{kind}_yaml": f"kind: {kind}\nname: one\n" for kind in kinds})

    assert {change.file for change in told(made.folder)} == {"allocations.lock", *(f"{kind}.yaml" for kind in kinds)}


def test_a_removed_flag_is_told_by_what_it_was(made: Repository) -> None:
    made.commit(flags__page_yaml=None)

    (change,) = told(made.folder)

    assert (change.edits, change.defines) == (("removed",), (("flag", "start-page"),))


def test_what_is_sealed_is_said_to_be(made: Repository) -> None:
    made.commit(flags__page_yaml=f"{FLAG}sealed: true\n")
    made.commit(NOON + HOUR, flags__page_yaml=f"{FLAG.replace('10', '50')}sealed: true\n")

    assert [change.sealed for change in told(made.folder)] == [True, True]


def test_a_branch_counts_from_when_it_was_merged(made: Repository) -> None:
    made.git("checkout", "-q", "-b", "ramp")
    made.commit(NOON - 60 * HOUR, flags__page_yaml=FLAG.replace("10", "50"))
    made.git("checkout", "-q", "main")
    made.git("merge", "-q", "--no-ff", "-m", "ramp", "ramp", at=NOON + HOUR, by="Grace")

    (change,) = told(made.folder, hours=72)

    assert (change.at, change.by, change.edits) == (NOON + HOUR, "Grace", ("share 10 → 50",))


def test_a_project_below_a_repository_sees_its_own_files(made: Repository) -> None:
    made.commit(music__page_yaml=FLAG.replace("10", "20"), other__page_yaml=FLAG)

    assert [change.file for change in told(made.folder / "music")] == ["music/page.yaml"]


def test_no_repository_no_git_and_no_folder_say_nothing(
    made: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.commit(flags__page_yaml=FLAG.replace("10", "50"))
    apart = tmp_path_factory.mktemp("apart")
    (apart / "page.yaml").write_text(FLAG)

    assert told(apart) == told(made.folder / "nowhere") == []
    monkeypatch.setenv("PATH", str(apart))
    assert told(made.folder) == []


def test_settings_of_the_surroundings_point_it_nowhere_else(
    made: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path_factory.mktemp("other"))
    other.commit(flags__page_yaml=FLAG)
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))

    assert told(made.folder) == []


def test_no_program_that_a_repository_names_is_run(made: Repository) -> None:
    ran = made.folder / "ran"
    program = made.folder / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {ran}\n")
    program.chmod(0o755)
    named = ("diff.external", "diff.hostile.textconv", "diff.hostile.command", "core.pager", "pager.log", "gpg.program")
    for name in (*named, "core.fsmonitor", "interactive.diffFilter", "filter.hostile.smudge", "filter.hostile.clean"):
        made.git("config", name, str(program))
    made.git("config", "log.showSignature", "true")
    made.git("config", "diff.noprefix", "true")
    made.git("config", "color.ui", "always")
    (made.folder / ".gitattributes").write_text("*.yaml diff=hostile\n")
    commit = made.commit(flags__page_yaml=FLAG.replace("10", "50"))
    signed = made.git("cat-file", "commit", commit).replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n\n", 1)
    (made.folder / "signed").write_text(f"{signed}\n")
    made.git("reset", "-q", "--soft", made.git("hash-object", "-t", "commit", "-w", "signed"))
    ran.unlink(missing_ok=True)

    (change,) = told(made.folder)

    assert change.edits == ("share 10 → 50",)
    assert not ran.exists()
    made.git("log", "-1", "-p", "--show-signature")  # the trap is live
    assert ran.exists()


def test_names_and_lines_are_data(made: Repository) -> None:
    hostile = "Eve\x1b[31m; rm -rf ~ $(id)"
    made.commit(by=hostile, flags__page_yaml=FLAG.replace("10", '"\x1b]0;owned\x07$(id)"'))

    (change,) = told(made.folder)

    assert change.by == "Eve [31m; rm -rf ~ $(id)"
    assert change.edits == ('share 10 → " ]0;owned $(id)"',)
    assert all(sign.isprintable() for sign in "".join((change.by, change.file, *change.edits)))
