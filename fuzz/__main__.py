"""Fuzz one target, or all in turn, each for so many seconds; say what was found as a line for the tests.

    python -m fuzz                             # every target, a minute each
    python -m fuzz document --seconds 300 --seed 7
    python -m fuzz document --replay FILE      # one input, without a fuzzer: its traceback, or nothing

An input has 5 seconds and a process 1 GiB. What is worth keeping goes to fuzz/corpus, findings to fuzz/found.
"""

import argparse
import subprocess
import sys
import time
from base64 import b85encode
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from fuzz.mutation import mutated

HERE = Path(__file__).parent
SECONDS, MEBIBYTES, LONGEST = 5, 1024, 1 << 13
"""Limits: of one input's time, of memory, and of an input's bytes."""
BYTES = ("model", "request", "folder", "box")
"""Targets whose input isn't JSON."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if anything was found."""
    asked = _asked(arguments)
    if asked.replay:
        return _replay(asked)
    names = [asked.target] if asked.target else _names()
    if asked.inside:
        _fuzz(asked.target, asked.inside)
    ended = [_run(name, asked) for name in names]
    for name, status, found in ended:
        sys.stdout.write(f"{name}: {'nothing found' if not status else f'ended with status {status}'}\n")
        for file in found:
            line = line_of(name, file.read_bytes())
            sys.stdout.write(f"  {file}\n  add to FOUND of tests/flags/test_hostile.py:\n  {line}\n")
    return int(any(status for _, status, _ in ended))


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="?", choices=_names(), help="what is fuzzed; left out: everything, in turn")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="inputs of each target, at most")
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzer's own chance")
    parser.add_argument("--replay", type=Path, help="run one input only")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _names() -> list[str]:
    return ["document", "confidence", "model", "context", "request", "folder", "box"]


def _replay(asked: argparse.Namespace) -> int:
    from fuzz.targets import TARGETS  # noqa: PLC0415 - needs no fuzzer

    TARGETS[asked.target](asked.replay.read_bytes())
    return 0


def _run(name: str, asked: argparse.Namespace) -> tuple[str, int, list[Path]]:
    """Fuzz a target for its time; return its name, how that ended, and what was found."""
    ends = time.monotonic() + asked.seconds
    status, found = _once(name, asked, asked.seconds)
    while found and all(_stood_still(name, file) for file in found):
        left = int(ends - time.monotonic())
        status, found = _once(name, asked, left) if left > 0 else (0, [])
    return name, status, found


def _stood_still(name: str, file: Path) -> bool:
    """Whether an input that took too long takes no time by itself: the machine stood still, and that is forgotten."""
    if "-timeout-" not in file.name:
        return False
    command = [sys.executable, "-m", "fuzz", name, "--replay", str(file)]
    with suppress(subprocess.TimeoutExpired):
        if subprocess.run(command, check=False, timeout=SECONDS).returncode == 0:  # noqa: S603 - ourselves
            file.unlink()
            return True
    return False


def _once(name: str, asked: argparse.Namespace, seconds: int) -> tuple[int, list[Path]]:
    """Fuzz a target in a process of its own, which ends at the first finding; return its status, and the finding."""
    found, corpus = HERE / "found", HERE / "corpus" / name
    for folder in (found, corpus):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    options = [
        str(corpus),
        str(HERE / "seeds" / name),
        f"-dict={HERE / 'words.txt'}",
        f"-artifact_prefix={found}/{name}-",
        f"-timeout={SECONDS}",
        f"-rss_limit_mb={MEBIBYTES}",
        f"-max_len={LONGEST}",
        f"-max_total_time={seconds}",
        f"-runs={asked.runs}",
        f"-seed={asked.seed}",
        "-len_control=0",
        "-print_final_stats=1",
        "-report_slow_units=3",
    ]
    status = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "fuzz", name, "--inside", *options], check=False
    ).returncode
    new = [file for file in sorted(set(found.iterdir()) - before) if "-slow-unit-" not in file.name]
    return status, new


def line_of(target: str, data: bytes) -> str:
    """Return a finding as a line of the tests.

    Example:
        >>> line_of("document", b"{}")
        '("document", b"dwl"),  # 2 bytes'
    """
    return f'("{target}", b"{b85encode(data).decode()}"),  # {len(data):,} bytes'


def _fuzz(name: str, options: list[str]) -> None:
    """Fuzz, here; does not return."""
    import atheris  # noqa: PLC0415 - is in fuzz/.venv only

    with atheris.instrument_imports(include=["twyman"]):
        import_module("twyman.definitions.flags")  # which targets load when they need it
        import_module("twyman.warehouse.language.query")
        from fuzz.targets import TARGETS  # noqa: PLC0415 - instrumented as it is loaded
    others = {} if name in BYTES else {"custom_mutator": mutated}
    atheris.Setup([sys.argv[0], *options], TARGETS[name], **others)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
