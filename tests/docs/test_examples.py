"""The example scripts run as they stand, and say what their comments promise."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_a_test_is_sized_analysed_at_three_looks_and_decided() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "size_analyse_decide.py"], capture_output=True, text=True, check=True, timeout=120
    )

    said = done.stdout
    assert "the same, with the week before:     29," in said
    first, third = said[said.index("look 1") : said.index("look 2")], said[said.index("look 3") :]
    assert ("superior      p 0.0185  passes" in first, "non_inferior  p 0.9416  fails" in first) == (True, True)
    assert third.splitlines()[-3] == "ship"
    assert "after stopping: " in third
