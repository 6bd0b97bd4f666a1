"""What several rooms' tests need: the folder of public experiments and oracles beside the project."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of public data sets and oracles; a user's checkout hasn't got it."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder of public data sets and oracles (../shared), which isn't part of the repository")
    return SHARED
