"""What git prints of changed definitions, read; whatever files, names and messages say in it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from twyman.definitions.patch import Patch, edits, patches

AT = datetime(2024, 3, 4, 9, 12, tzinfo=UTC)
HEAD = f"commit {'c0ffee12' * 5} {int(AT.timestamp())}\nby Ada\n\n"


def printed(before: list[str], after: list[str], path: str = "a.yaml") -> str:
    head = f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n"
    hunk = f"@@ -1,{len(before)} +1,{len(after)} @@ share: 1\n"
    return "".join([head, hunk, *(f"-{line}\n" for line in before), *(f"+{line}\n" for line in after)])


def changed(before: list[str], after: list[str]) -> tuple[str, ...]:
    return edits(Patch("c0ffee", AT, "Ada", "a.yaml", before=before, after=after))


def test_values_are_said_by_their_keys_and_other_lines_as_they_are() -> None:
    assert changed(["    share: 10 %"], ["    share: 50 %"]) == ("share 10 % → 50 %",)
    assert changed(["  paused: true", "a: 1"], ["a: 2"]) == ("paused true removed", "a 1 → 2")
    assert changed([], ["- enabled: false  # for now"]) == ("enabled false added",)
    assert changed(["- {variant: on, share: 1}"], ["- {variant: on, share: 2}"]) == (
        "- {variant: on, share: 1} → - {variant: on, share: 2}",
    )


def test_what_changes_nothing_says_nothing_and_moved_lines_are_said() -> None:
    assert changed(["# old", ""], ["# new"]) == ()
    assert changed(["share: 1"], ["share: 1  # why"]) == ()
    assert changed(["- name: a", "- name: b"], ["- name: b", "- name: a"]) == ("lines moved",)


@pytest.mark.parametrize(("mode", "said"), [("new file mode 100644", "added"), ("deleted file mode 100644", "removed")])
def test_whole_files_are_added_or_removed(mode: str, said: str) -> None:
    (found,) = patches(
        f"{HEAD}diff --git a/b.yaml b/b.yaml\n{mode}\n--- a/b.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-x: 1\n"
    )

    assert (found.path, edits(found)) == ("b.yaml", (said,))


def test_a_path_with_odd_signs_is_still_one_path() -> None:
    (found,) = patches(HEAD + 'diff --git "a/\\ta.yaml" "b/\\ta.yaml"\n--- "a/\\ta.yaml"\n+++ "b/\\ta.yaml"\n')

    assert found.path == "\\ta.yaml"


Lines = st.lists(
    st.one_of(
        st.sampled_from(
            ["-- a/x", "++ b/x", HEAD.split("\n", maxsplit=1)[0], "diff --git a/x b/x", "@@ -1 +1 @@", "by Eve", ""]
        ),
        st.text(st.characters(exclude_characters="\n"), max_size=9),
    ),
    max_size=5,
)


@given(several=st.lists(st.tuples(Lines, Lines), min_size=1, max_size=4))
def test_no_content_of_a_file_is_taken_for_a_commit_or_a_file(several: list[tuple[list[str], list[str]]]) -> None:
    text = "".join(HEAD + printed(before, after, f"f{place}.yaml") for place, (before, after) in enumerate(several))

    found = list(patches(text))

    assert [(one.path, one.by, one.at) for one in found] == [(f"f{n}.yaml", "Ada", AT) for n in range(len(several))]
    assert [(one.before, one.after) for one in found] == several


@given(end=st.integers(0, 400))
def test_what_is_cut_off_is_read_as_far_as_it_goes(end: int) -> None:
    text = HEAD + printed(["share: 1", "b: 2"], ["share: 3"]) + HEAD + printed(["c: 1"], ["c: 2"], "other.yaml")

    found = list(patches(text[:end]))

    assert len(found) <= 2
    assert all(isinstance(edit, str) for one in found for edit in edits(one))
