"""The JSON Schema that editors load is the one that the program reads by."""

import json
import os
from pathlib import Path

from twyman.definitions import schema

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "twyman.schema.json"


def test_the_published_schema_is_the_golden_one() -> None:
    made = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("GOLDEN") == "rewrite":
        PUBLISHED.write_text(made)

    assert PUBLISHED.read_text() == made
