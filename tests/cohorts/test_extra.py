"""Arrays are an extra: flags and their client never load them, and cohorts load nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
ARRAYS = {"numpy", "pyarrow"}
REST = {"scipy", "pandas", "polars", "duckdb", "re2", "sqlglot"}


def loaded_by(room: str) -> set[str]:
    """Return what a fresh interpreter has loaded with every module of a room."""
    files = sorted((SOURCE / "twyman" / room).rglob("*.py"))
    names = [".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for file in files]
    said = (
        "import importlib, json, sys; [*map(importlib.import_module, sys.argv[1:])]; print(json.dumps([*sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", said, *names], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(run.stdout)}


@pytest.mark.parametrize("room", ["flags", "kernel"])
def test_resolving_loads_no_arrays(room: str) -> None:
    assert not loaded_by(room) & (ARRAYS | REST)


def test_cohorts_load_arrays_and_nothing_heavier() -> None:
    loaded = loaded_by("cohorts")
    assert loaded >= ARRAYS
    assert not loaded & REST
