"""What `git log` prints of a folder of definitions, read: which files each commit changed, and which lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

FORMAT = "commit %H %ct%nby %an"
"""How each commit begins. No line of a patch begins so, whatever a file or a message says: those in it have a sign."""
WIDEST = 60
"""Characters of a line that are told."""

_COMMIT = re.compile(r"commit ([0-9a-f]{40,64}) (\d{1,12})")
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_PAIR = re.compile(r"[\s-]*[\"']?([\w.-]+)[\"']?\s*:\s+(\S.*)")
_UNTOLD = re.compile(r"\s*(?:#.*)?")


@dataclass(slots=True)
class Patch:
    """What one commit changed in one file.

    Attributes:
        path: The file, below the folder.
        whole: `added` or `removed`, where the file was; else empty.
        before, after: Lines that went, and lines that came.
    """

    commit: str
    at: datetime
    by: str
    path: str = ""
    whole: str = ""
    before: list[str] = field(default_factory=list[str])
    after: list[str] = field(default_factory=list[str])


def patches(printed: str) -> Iterator[Patch]:
    """Read what was printed, in its own order.

    Args:
        printed: By `git log --format=FORMAT -p --unified=0`; what was cut off at its end is left out.
    """
    lines = iter(printed.split("\n"))
    commit, patch = ("", datetime.fromtimestamp(0, UTC), ""), None
    for line in lines:
        if found := _COMMIT.fullmatch(line):
            by = next(lines, "by ").removeprefix("by ")
            commit = found[1], datetime.fromtimestamp(int(found[2]), UTC), told(by)
        elif line.startswith("diff --git "):
            if patch is not None:
                yield patch
            patch = Patch(*commit)
        elif patch is not None:
            _read(line, lines, patch)
    if patch is not None:
        yield patch


def _read(line: str, lines: Iterator[str], patch: Patch) -> None:
    """Read a line of a patch's head, or a whole hunk."""
    if found := _HUNK.match(line):
        _hunk(lines, patch, sum(int(count or 1) for count in found.groups()))
    elif line.startswith(("new file", "deleted file")):
        patch.whole = "added" if line.startswith("new") else "removed"
    elif line.startswith(("--- a/", "+++ b/")):
        patch.path = line[6:].rstrip("\t")
    elif line.startswith(('--- "a/', '+++ "b/')):
        patch.path = line[7:].rstrip('"')


def _hunk(lines: Iterator[str], patch: Patch, count: int) -> None:
    while count > 0 and (line := next(lines, None)) is not None:
        if line[:1] in {"-", "+"}:
            (patch.before if line[0] == "-" else patch.after).append(line[1:])
            count -= 1


def edits(patch: Patch) -> tuple[str, ...]:
    """Say what was changed, line by line: values by their keys, other lines as they are; no comments.

    Example:
        >>> at = datetime(2024, 3, 4, tzinfo=UTC)
        >>> edits(Patch("c0ffee", at, "Ada", "a.yaml", before=["  share: 10", "  # old"], after=["  share: 50"]))
        ('share 10 → 50',)
    """
    if patch.whole:
        return (patch.whole,)
    before, after = ([line for line in lines if not _UNTOLD.fullmatch(line)] for lines in (patch.before, patch.after))
    said = tuple(_edits([line for line in before if line not in after], [line for line in after if line not in before]))
    moved = before != after and sorted(before) == sorted(after)
    return ("lines moved",) if moved else said


def _edits(before: list[str], after: list[str]) -> Iterator[str]:
    """Pair lines of one key in their order; what has no partner came or went."""
    left = list(after)
    for line in before:
        partner = next((other for other in left if _key(other) == _key(line)), None)
        if partner is None:
            yield f"{_said(line)} removed"
            continue
        left.remove(partner)
        (key, old), (_, new) = _pair(line), _pair(partner)
        if old != new:
            yield f"{told(key)} {told(old)} → {told(new)}".lstrip()
    yield from (f"{_said(line)} added" for line in left)


def _pair(line: str) -> tuple[str, str]:
    found = _PAIR.fullmatch(line.split(" #", maxsplit=1)[0].rstrip())
    return (found[1], found[2]) if found else ("", line.strip())


def _key(line: str) -> str:
    return _pair(line)[0]


def _said(line: str) -> str:
    return told(" ".join(part for part in _pair(line) if part))


def told(text: str) -> str:
    """Return text of anybody's as a piece of a sentence: one line, nothing that can't be printed, not too long.

    Example:
        >>> told(f"Ada{chr(27)}[31m"), len(told("!" * 99))
        ('Ada [31m', 60)
    """
    plain = "".join(sign if sign.isprintable() else " " for sign in text).strip()
    return plain if len(plain) <= WIDEST else f"{plain[: WIDEST - 1]}…"
