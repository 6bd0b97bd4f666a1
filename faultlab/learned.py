"""What was fixed on the training seeds, read from the module that holds it and not imported with the product."""

import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faultlab.posterior import HEALTHY, Odd, Signatures


@dataclass(frozen=True, slots=True)
class Learned:
    """Signatures, priors and the two numbers that were chosen with them."""

    signatures: Signatures
    priors: dict[str, float]
    odd: Odd
    sharpness: float
    threshold: float


def learned(module: Path) -> Learned:
    """Read what was fixed: a table of numbers, which this lab wrote."""
    values: dict[str, Any] = runpy.run_path(str(module))
    rows: Signatures = values["SIGNATURES"]
    found = {cause: {**rows[HEALTHY], **own} for cause, own in rows.items()}
    odd = Odd(values["ODD"], values["MEANS"], values["LOUD"])
    return Learned(found, dict(values["PRIORS"]), odd, values["SHARPNESS"], values.get("THRESHOLD", 0.5))
