"""Rewrites the golden specifications; then read the diff. Run it by `python tests/charts/make_golden.py`."""

import sys
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from test_effect_over_time import DAYS, LOOKS  # noqa: E402 - tests are no package
from test_units_over_time import EXPOSED  # noqa: E402

from twyman.charts.effect_over_time import effect_over_time  # noqa: E402
from twyman.charts.units_over_time import units_over_time  # noqa: E402

SPECS = {
    "effect_by_look": effect_over_time(LOOKS, margin=-0.01, ceiling=0.06),
    "effect_by_exposure": effect_over_time(DAYS),
    "units": units_over_time(EXPOSED),
}

for name, spec in SPECS.items():
    (HERE / "golden" / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(spec), indent=2) + b"\n")
