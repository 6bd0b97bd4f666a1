"""The face of statistics: every name it promises is there, and no name is also a module's, which would shadow it."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import twyman.stats
from twyman.stats import _ROOMS

ROOM = Path(twyman.stats.__file__).parent


@pytest.mark.parametrize("name", twyman.stats.__all__)
def test_every_name_is_what_its_module_calls_so(name: str) -> None:
    home = next(room for room, names in _ROOMS.items() if name in names.split())

    assert getattr(twyman.stats, name) is getattr(import_module(f"twyman.stats.{home}"), name)


def test_type_checkers_are_told_the_same() -> None:
    tree = ast.parse((ROOM / "__init__.py").read_text())
    told = {
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("twyman.stats.")
        for alias in node.names
    }

    assert told == {(f"twyman.stats.{room}", name) for room, names in _ROOMS.items() for name in names.split()}


def test_no_name_is_hidden_by_a_module() -> None:
    modules = {path.stem for path in ROOM.iterdir() if path.suffix == ".py" or path.is_dir()}

    assert modules & set(twyman.stats.__all__) == set()


def test_a_name_that_is_not_there_is_refused_like_any_other() -> None:
    with pytest.raises(AttributeError, match="t_test"):
        getattr(twyman.stats, "t_test")  # noqa: B009 - as a user would by a dot


def test_the_face_loads_nothing_until_it_is_asked() -> None:
    code = "import sys, twyman.stats; print('numpy' in sys.modules, 'scipy' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.split() == ["False", "False"]
