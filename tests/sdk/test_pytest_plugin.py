"""The fixture `flags`, as a user's tests have it."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.sdk.scenes import ZEALAND, document, state

from twyman.sdk.pytest_plugin import Flags, flags

__all__ = ["flags"]

USERS_TESTS = """
import sys

def test_nothing_of_the_clients_is_loaded_before_a_fixture_asks():
    assert not [name for name in sys.modules if name.startswith(("twyman.flags", "twyman.sdk.client"))]

def test_a_flag_is_overridden_and_its_exposure_seen(flags):
    with flags.override("start-page", value={"rows": 12}):
        assert flags.client.value("start-page.rows", {"targeting_key": "u-1"}, 20) == 12
    assert [met.flag for met in flags.exposures] == ["start-page"]
"""


@pytest.mark.slow
def test_a_users_tests_find_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text(USERS_TESTS)
    # where the package is installed with its entry point, pytest loads the plugin by itself, and once
    plugin = ["-p", "twyman.sdk.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugin, "test_page.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )

    assert "2 passed" in run.stdout, run.stdout + run.stderr


def test_what_is_set_stays_until_the_test_ends(flags: Flags) -> None:
    flags.load(state())

    flags.set("start-page", "moments")

    assert flags.client.value("start-page.rows", ZEALAND, 0) == 12
    assert [(met.unit, met.variant) for met in flags.exposures] == [("u-1", "moments")]


def test_a_state_is_loaded_from_a_file(flags: Flags, tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    path.write_bytes(document())

    flags.load(path)

    assert flags.client.value("start-page.rows", ZEALAND, 0) == 20


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_begins_with_nothing(flags: Flags, _again: int) -> None:
    assert (flags.client.flags, flags.exposures) == ((), [])
    flags.set("start-page", value={"rows": 1})
    flags.client.value("start-page.rows", ZEALAND, 0)
