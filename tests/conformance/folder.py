"""The flags of a test, changed while they are served."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

_PATIENCE = 30


def change(folder: Path) -> None:
    """Let `rows` serve many by default, as an editor does: write beside, then replace."""
    file = folder / "values.yaml"
    beside = file.with_suffix(".tmp")
    beside.write_text(file.read_text().replace("default: few", "default: many"))
    beside.replace(file)


def until(holds: Callable[[], Any]) -> Any:
    """Return what holds, as soon as it does."""
    ends = monotonic() + _PATIENCE
    while not (found := holds()):
        assert monotonic() < ends, f"nothing came in {_PATIENCE} s"
        sleep(0.02)
    return found
