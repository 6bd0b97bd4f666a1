"""Golden specifications: compared as JSON, and rewritten where `GOLDEN=rewrite` asks for it (`make golden`)."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

FOLDER = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, dict[str, Any]], bool]:
    """Say whether a specification is the golden one of this name."""

    def same(name: str, spec: dict[str, Any]) -> bool:
        path, text = FOLDER / f"{name}.json", msgspec.json.format(msgspec.json.encode(spec), indent=2) + b"\n"
        if os.environ.get("GOLDEN") == "rewrite":
            path.write_bytes(text)
        return path.read_bytes() == text

    return same
