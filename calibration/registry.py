"""All studies and curves, in the order of the page."""

from calibration.studies import (
    any_time,
    beliefs,
    counts,
    decisions,
    families,
    groups,
    lifts,
    looks,
    margins,
    means,
    plans,
    ratios,
    rows,
    segments,
    splits,
    stopping,
)
from calibration.study import Curve, Section, Study

FAMILIES = (
    *(means, ratios, lifts, counts, margins, plans),
    *(looks, stopping, any_time, splits),
    *(families, decisions, segments),
    *(groups, rows, beliefs),
)
"""One module a family of methods."""

SECTIONS: tuple[Section, ...] = tuple(family.SECTION for family in FAMILIES)
STUDIES: tuple[Study, ...] = tuple(study for section in SECTIONS for study in section.studies)
CURVES: tuple[Curve, ...] = (lifts.CURVE, looks.CURVE)
