"""Ratios, clusters and covariates: moments of several columns."""

from calibration.comparison import tried, usual
from calibration.populations import clicks_by_visit, clusters, ratio_with_past, with_past
from calibration.study import Section
from twyman.stats.settings import Settings

RATIO, PER_ARM = Settings(kind="ratio"), Settings()
POOLED, WITHIN = Settings(theta="pooled"), Settings(theta="pooled_within")
CLICKS, SCHOOLS, PAST, CLICKS_PAST = clicks_by_visit(), clusters(), with_past(), ratio_with_past()
ITEMS = SCHOOLS.rows[:, 0]

FORTY = "each arm has some 40 clusters: with fewer use CR2"

SECTION = Section(
    "Ratios, clusters, covariates",
    "Clicks a visit, where those who visit more click more at each visit; marks of pupils where schools were "
    "randomised (intraclass correlation 0.2, sizes 5 to 70), taken as a ratio of sums over schools; a skewed metric "
    "of which its past explains 72 %. The effect multiplies the metric, so that the arms' slopes on the past differ.",
    (
        tried("ratio", CLICKS, (400, 500), RATIO, *usual(power=FORTY)),
        tried("ratio, unit = cluster", SCHOOLS, (100, 100), RATIO),
        tried("ratio, unit = cluster", SCHOOLS, (20, 20), RATIO, *usual(all=FORTY)),
        tried("CUPED, per arm", PAST, (150, 350), PER_ARM),
        tried("CUPED, per arm", PAST, (50, 50), PER_ARM),
        tried("CUPED, pooled", PAST, (250, 250), POOLED),
        tried("CUPED, pooled", PAST, (150, 350), POOLED),
        tried("CUPED, pooled within arms", PAST, (250, 250), WITHIN),
        tried("CUPED on a ratio, per arm", CLICKS_PAST, (400, 500), RATIO),
    ),
)
