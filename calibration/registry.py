"""All studies and curves, in the order of the page."""

from calibration.studies import lifts, looks, means, ratios
from calibration.study import Curve, Section, Study

SECTIONS: tuple[Section, ...] = (means.SECTION, ratios.SECTION, lifts.SECTION, looks.SECTION)
STUDIES: tuple[Study, ...] = tuple(study for section in SECTIONS for study in section.studies)
CURVES: tuple[Curve, ...] = (lifts.CURVE, looks.CURVE)
