"""Means and proportions."""

from calibration.comparison import ABOVE, BELOW, ERROR, POWER, SMALL, tried, usual
from calibration.populations import Bernoulli, Normal, Revenue
from calibration.study import Section, exactly
from twyman.stats.settings import Settings

WELCH, STUDENT, WALD = Settings(), Settings(test="student"), Settings(test="wald")
SHARE, SHARE_WALD, SHARE_SCORE = (Settings(kind="proportion", test=test) for test in ("welch", "wald", "score"))

NORMAL, RARE, FIFTH, REVENUE = Normal(), Bernoulli(), Bernoulli(0.2), Revenue()
NOISY, QUIET = Normal(10, 15), Normal(10, 5)
ENOUGH = round(355 * REVENUE.skewness**2, -2)

PLANNED = (
    "each arm has some 100 units: `power.detectable` takes normal quantiles, and t on 42 degrees of freedom costs 2 "
    "points"
)
EQUAL = "both arms have the same variance, or as many units: use `welch`"
MANY = "some 100 units an arm: below, the normal quantile is too small; use `welch`"
TAIL = f"the smaller arm has 355 × skewness² units ({ENOUGH:,.0f} here), or arms are of one size: cap the metric"
SPENT = (
    "arms have 355 × skewness² units: below, who buys most decides both the mean and its standard error, and an "
    "increase is found more often than planned"
)
COUNTED = "each arm has some 100 successes: below, counts are lumpy and lopsided"
UNEQUAL = "arms are of one size, or have some 1,000 successes: otherwise one side errs more than the other"
NULL = "the arms are alike: the score test borrows the null's variance, so it promises error, and no coverage far off"

SECTION = Section(
    "Means and proportions",
    "An effect multiplies what buyers spend and the share of ones, and shifts normal values. Power is asked at the "
    "effect which `power.detectable` says is found with 0.8. Error is given on both sides together, and on each "
    "where a tail could favour one.",
    (
        tried("means, welch", NORMAL, (100, 100), WELCH),
        tried("means, welch", (NOISY, QUIET), (40, 120), WELCH, *usual(power=PLANNED)),
        tried("means, welch", RARE, (100_000, 100_000), WELCH),
        tried("means, welch", REVENUE, (1_000, 1_000), WELCH, *usual(all=SPENT)),
        tried(
            "means, welch",
            REVENUE,
            (500, 4_500),
            WELCH,
            *usual(all=TAIL),
            exactly(ABOVE, 0.025, TAIL),
            exactly(BELOW, 0.025, TAIL),
        ),
        tried("means, welch", REVENUE, (73_600, 73_600), WELCH, quick=0),
        tried(
            "means, welch",
            REVENUE,
            (73_600, 662_400),
            WELCH,
            exactly(ERROR, 0.05),
            exactly(ABOVE, 0.025, SPENT),
            exactly(BELOW, 0.025, SPENT),
            quick=0,
        ),
        tried("means, student", NORMAL, (40, 120), STUDENT),
        tried("means, student", (NOISY, QUIET), (40, 120), STUDENT, *usual(all=EQUAL)),
        tried("means, wald", NORMAL, (100, 100), WALD),
        tried("means, wald", NORMAL, (20, 20), WALD, *usual(all=MANY)),
        tried("proportions, welch", RARE, (100_000, 100_000), SHARE),
        tried("proportions, welch", FIFTH, (900, 1_400), SHARE),
        tried("proportions, welch", RARE, (10_000, 10_000), SHARE, *usual(all=COUNTED)),
        tried(
            "proportions, welch",
            RARE,
            (20_000, 80_000),
            SHARE,
            exactly(ABOVE, 0.025, UNEQUAL),
            exactly(BELOW, 0.025, UNEQUAL),
        ),
        tried("proportions, wald", RARE, (100_000, 100_000), SHARE_WALD),
        tried("proportions, wald", FIFTH, (900, 1_400), SHARE_WALD),
        tried("proportions, score", RARE, (100_000, 100_000), SHARE_SCORE, *usual(large=NULL)),
        tried("proportions, score", FIFTH, (900, 1_400), SHARE_SCORE, *usual(large=NULL)),
        tried(
            "proportions, score",
            RARE,
            (10_000, 10_000),
            SHARE_SCORE,
            exactly(ERROR, 0.05),
            exactly(SMALL, 0.95, COUNTED),
            exactly(POWER, 0.8, COUNTED),
        ),
    ),
)
