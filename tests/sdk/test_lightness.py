"""What a client loads, seen in a fresh interpreter: flags, and nothing heavier."""

import subprocess
import sys

import pytest

import twyman.sdk

HEAVY = ("numpy", "scipy", "duckdb", "sqlglot", "ruamel", "pandas", "pyarrow", "httpx", "requests", "openfeature")
ROOMS = tuple(
    f"twyman.{room}" for room in ("app", "stats", "metrics", "experiments", "warehouse", "definitions", "api")
)


STEPS = (
    "import twyman.sdk.pytest_plugin",
    "from twyman.sdk import Client, ExposureFile, FileState",
    "from twyman.sdk import *; import twyman.sdk.sticky",
)


@pytest.fixture(scope="module")
def loaded() -> list[set[str]]:
    """Modules loaded after each step, one after the other in one interpreter."""
    listing = "\n".join(["import sys", *(f"{step}; print(*sys.modules)" for step in STEPS)])
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return [set(line.split()) for line in run.stdout.splitlines()]


def test_the_pytest_plugin_loads_no_client(loaded: list[set[str]]) -> None:
    assert not loaded[0] & {"twyman.sdk.client", "twyman.flags", "msgspec", "mmh3"}


def test_a_client_of_a_file_loads_no_http(loaded: list[set[str]]) -> None:
    assert not loaded[1] & {"http.client", "ssl", "asyncio"}


def test_the_whole_face_loads_nothing_heavy(loaded: list[set[str]]) -> None:
    assert "twyman.sdk.async_client" in loaded[2]
    assert not [name for name in loaded[2] if name.startswith((*HEAVY, *ROOMS))]


def test_the_face_offers_what_it_names() -> None:
    assert dir(twyman.sdk) == twyman.sdk.__all__
    for name in twyman.sdk.__all__:
        assert getattr(twyman.sdk, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        twyman.sdk.Clint  # type: ignore[attr-defined]  # noqa: B018
