"""What must stay light stays light: seen in a fresh interpreter, as a user's first import is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import twyman

HEAVY = {"numpy", "scipy", "duckdb", "sqlglot", "ruamel", "altair", "jinja2", "pandas", "polars", "pyarrow", "rich"}
ROOT = Path(__file__).resolve().parents[2]


def loaded_by(statement: str) -> set[str]:
    listing = f"{statement}; import sys, json; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_import_twyman_loads_nothing_heavy() -> None:
    assert not loaded_by("import twyman") & (HEAVY | {"msgspec"})


def test_help_loads_nothing_heavy() -> None:
    assert not loaded_by("from twyman.cli.main import _parser; _parser().format_help()") & HEAVY


def test_statistics_need_numpy_and_scipy_alone() -> None:
    names = sorted(path.stem for path in (ROOT / "src/twyman/stats").glob("*.py") if path.stem != "__init__")

    seen = loaded_by("; ".join(f"import twyman.stats.{name}" for name in names))

    assert not seen & (HEAVY - {"numpy", "scipy"})


def test_the_face_offers_what_it_names() -> None:
    for name in twyman.__all__:
        assert getattr(twyman, name) is not None
    assert dir(twyman) == twyman.__all__


def test_statistics_offer_what_they_name_and_no_room_has_the_name_of_one() -> None:
    offered = "from twyman.stats import *; import twyman.stats as face"
    rooms = "[name for name in face.__all__ if type(getattr(face, name)).__name__ == 'module' or name not in globals()]"

    statement = f"{offered}; print({rooms})"
    run = subprocess.run([sys.executable, "-c", statement], check=True, capture_output=True, text=True)

    assert run.stdout.strip() == "[]"


def test_a_name_that_the_face_has_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'anlayze'"):
        twyman.anlayze  # type: ignore[attr-defined]  # noqa: B018
