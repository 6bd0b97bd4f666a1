"""What can be wrong with an experiment: each kind of fault, what it would explain, and where to look next.

The kinds follow the taxonomy of Fabijan et al. (KDD 2019), with those that leave the split even added to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where in an experiment's life a fault arises."""

    ASSIGNMENT = "assignment"
    EXECUTION = "execution"
    LOGGING = "log processing"
    ANALYSIS = "analysis"
    INTERFERENCE = "interference"


@dataclass(frozen=True, slots=True)
class Cause:
    """One kind of fault.

    Attributes:
        title: What people call it.
        explains: What it would explain in the figures.
        look: The next step: what to compare or run.
    """

    title: str
    stage: Stage
    explains: str
    look: str


CAUSES: Mapping[str, Cause] = {
    "aliased_twin": Cause(
        "another test on the very same units",
        Stage.INTERFERENCE,
        "The effect may be wholly the other test's, in size and in sign.",
        "Ask who runs the other flag; deal it independently of this one, and read again.",
    ),
    "leak": Cause(
        "another test reaches one arm more often",
        Stage.INTERFERENCE,
        "Part of the other test's effect is counted as this one's: its share times its effect.",
        "Find the list, segment or salt that both share; until then compare within its variants, if it can be.",
    ),
    "non_delivery": Cause(
        "the treatment wasn't delivered",
        Stage.EXECUTION,
        "An effect of nothing, or one thinned out: those counted as treated saw what control saw.",
        "Count who met the change itself, by arm (`delivery` in the experiment), and compare versions of the client.",
    ),
    "cache": Cause(
        "part of an arm was served what was cached",
        Stage.EXECUTION,
        "An effect thinned out in the first days, or units that saw both arms.",
        "Count who met the change itself by day since exposure; look at caches and their keys.",
    ),
    "redirect_loss": Cause(
        "units are lost on the way into one arm",
        Stage.EXECUTION,
        "Too few units in one arm, the impatient missing: those who stay look more loyal.",
        "Compare assignments with exposures by arm; look at redirects and load times.",
    ),
    "missing_exposures": Cause(
        "exposures of one arm aren't all logged",
        Stage.LOGGING,
        "Too few units in one arm, those who come seldom missing.",
        "Compare assignments with exposures by arm and client version.",
    ),
    "srm_by_segment": Cause(
        "one segment loses units of one arm",
        Stage.EXECUTION,
        "Too few units in one arm, all of them from one platform, country or version.",
        "Leave the segment out and read the split again; look for crashes of its client.",
    ),
    "wrong_bucketing": Cause(
        "the split isn't the one that was planned",
        Stage.ASSIGNMENT,
        "Shares off on every day and in every segment, or arms that differ in how old their accounts are.",
        "Recompute the assignment of some ids with the salt; compare arms by tenure.",
    ),
    "late_arm_start": Cause(
        "one arm started later",
        Stage.EXECUTION,
        "Too few units in one arm, all missing in the first days; arms compared over different days.",
        "Compare first exposures by arm with the time of release; begin enrolment where both run.",
    ),
    "ramp_mix": Cause(
        "shares changed while the mix of units did",
        Stage.INTERFERENCE,
        "A difference between early and late units that reads as an effect (Simpson's paradox).",
        "Compare arms within days of exposure; keep shares fixed while a test runs.",
    ),
    "crossover": Cause(
        "units met two arms",
        Stage.ASSIGNMENT,
        "Units moved between arms, so that arms aren't comparable and effects thin out.",
        "Check that ids and salts stay the same between visits.",
    ),
    "unit_mismatch": Cause(
        "drawn by one id, analysed by another",
        Stage.ASSIGNMENT,
        "Users with several devices meet both arms; p-values are too small.",
        "Say what was drawn (`randomised_by`), or analyse what was drawn.",
    ),
    "pre_period_bias": Cause(
        "arms differed before the change",
        Stage.ASSIGNMENT,
        "The difference was there before: a salt used again, or carry-over of an earlier test.",
        "Compare arms before exposure; give the split a salt of its own and start anew.",
    ),
    "bot": Cause(
        "one unit is no person",
        Stage.LOGGING,
        "One unit with thousands of rows moves the mean and widens every interval.",
        "Leave the unit out in the source, or cap the metric, and say so.",
    ),
    "outlier": Cause(
        "one value is a thousand times too large",
        Stage.LOGGING,
        "A mean that is one unit's: a broken counter or a wrong currency.",
        "Look at that unit's rows; cap the metric.",
    ),
    "duplicate_events": Cause(
        "events of one arm are logged twice",
        Stage.LOGGING,
        "More of everything that is counted, in one arm, from the first day on.",
        "Count rows that repeat unit, time and measures, by arm; deduplicate by event id.",
    ),
    "join_fan_out": Cause(
        "a join repeats rows of some units",
        Stage.ANALYSIS,
        "More of everything for units with several rows in the joined table.",
        "Count rows before and after the join; join to one row a unit.",
    ),
    "telemetry": Cause(
        "one arm logs less",
        Stage.LOGGING,
        "All sources fall alike in one arm: logging changed, and not behaviour.",
        "Compare rows a unit by arm over all sources with server-side counts.",
    ),
    "clock_skew": Cause(
        "clocks of one arm are off",
        Stage.LOGGING,
        "Facts before exposure, or after the window, in one arm more than in the other.",
        "Compare event times with times of receipt, by arm and client version.",
    ),
    "post_exposure_filter": Cause(
        "a filter uses what the treatment changes",
        Stage.ANALYSIS,
        "The groups left over differ in more than the treatment.",
        "Analyse all units, or filter by what was known before exposure.",
    ),
}
"""Kinds of fault by name."""
