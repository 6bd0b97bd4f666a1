"""Changes of a folder's definitions, from the git repository that the folder lies in, where it lies in one.

Nothing but `git log` is run, without a shell and with fixed arguments but for two times, and no program that a
repository's own settings name: no pager, no differ, no signature check, no fetch. What git prints is data: it is cut
off at a size, and given up after some seconds.
"""

import os
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from re import IGNORECASE, MULTILINE, compile as compiled
from shutil import which
from threading import Timer

from twyman.app.changes import Change, Changes, Named
from twyman.definitions.folder import defined, named_in, shown
from twyman.definitions.patch import FORMAT, Patch, edits, patches
from twyman.definitions.yaml_text import MAX_BYTES

SECONDS, LARGEST = 5.0, 1 << 20
"""After how long, and beyond which size, nothing more is read."""
MOST_COMMITS, MOST = 200, 50
"""Commits that are asked for, changes that are told."""
SERVING = frozenset(("experiment", "flag", "segment", "group", "client", "surface"))
"""Kinds whose changes may change who is served what."""
LOCK = "allocations.lock"

_SETTINGS = ("core.fsmonitor=false", "core.quotePath=false", "protocol.allow=never")
_LOG = (
    "log",
    "--first-parent",
    "-m",
    "--patch",
    "--unified=0",
    "--relative",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-notes",
    "--no-decorate",
    "--no-show-signature",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    f"--max-count={MOST_COMMITS}",
    f"--format={FORMAT}",
)
_FILES = (":(glob)**/*.yaml", ":(glob)**/*.yml", ":(glob)**/*.twyman.json", f":(glob)**/{LOCK}")
_SEALED = compiled(r"^\s*[\"']?sealed[\"']?\s*:\s*[\"']?true\b", IGNORECASE | MULTILINE)


def changes_of(root: Path) -> Changes:
    """Return what tells the changes of the definitions below a folder; it asks git each time it is asked.

    Args:
        root: The project's folder.
    """

    def told(first: datetime, until: datetime) -> Sequence[Change]:
        printed = _printed(root, first, until)
        found = [change for patch in patches(printed) if (change := _change(root, patch)) is not None]
        within = [change for change in found if first <= change.at < until]
        return sorted(within, key=lambda change: change.at)[:MOST]

    return told


def _printed(root: Path, first: datetime, until: datetime) -> str:
    """Return what git prints; nothing where there is no git, or no repository, or it takes too long."""
    git = which("git")
    if git is None or not root.is_dir():
        return ""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    times = [f"--since={first.isoformat()}", f"--until={until.isoformat()}"]
    try:
        asked = subprocess.Popen(  # noqa: S603 - git itself, fixed arguments and two times of ours, no shell
            [git, "--no-pager", *settings, *_LOG, *times, "--", *_FILES],
            cwd=root,
            env=_surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return ""
    return _read(asked)


def _read(asked: subprocess.Popen[bytes]) -> str:
    ending = Timer(SECONDS, asked.kill)
    ending.start()
    try:
        printed = asked.stdout.read(LARGEST) if asked.stdout else b""
    finally:
        ending.cancel()
        asked.kill()
        asked.communicate()
    return printed.decode("utf-8", errors="replace")


def _surroundings() -> dict[str, str]:
    """Return the environment without what would point git elsewhere, and with what keeps it from asking anybody."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_PAGER": "cat"}
    return kept | quiet | {"LC_ALL": "C"}


def _change(root: Path, patch: Patch) -> Change | None:
    """Return a patch as a change; `None` where it changes nobody's treatment."""
    file, what = root / patch.path, edits(patch)
    defines = _defines(file, patch)
    if not what or not (file.name == LOCK or SERVING & {kind for kind, _ in defines}):
        return None
    lines = "\n".join([*patch.before, *patch.after])
    return Change(
        at=patch.at,
        file=shown(file),
        defines=defines,
        edits=what,
        by=patch.by,
        commit=patch.commit[:7],
        sealed=bool(_SEALED.search(lines) or _SEALED.search(_text(file))),
    )


def _defines(file: Path, patch: Patch) -> tuple[Named, ...]:
    """Return what a file defines now, and what was in the lines that went: a removed file says what it was."""
    gone = named_in("\n".join(patch.before).encode())
    return tuple(dict.fromkeys([*(defined(file) if file.is_file() else ()), *gone]))


def _text(file: Path) -> str:
    """Return what a file holds now; nothing where it isn't there."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""
