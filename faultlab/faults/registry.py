"""All faults, by name."""

from functools import partial

from faultlab.faults import assignment, experience, exposure, records
from faultlab.faults.fault import Fault, Layer

_ALL = (
    Fault(
        "aliased_twin",
        "aliased_twin",
        "Aliased twin",
        Layer.ASSIGNED,
        0.005,
        0.08,
        "effect of the other test",
        assignment.aliased_twin,
        beside=partial(assignment.leak, share=1.0, follow=False),
    ),
    *(
        Fault(
            f"leak_{share:02}",
            "leak",
            f"Leak of {share} %",
            Layer.ASSIGNED,
            0.01,
            0.3,
            "effect of the other test",
            partial(assignment.leak, share=share / 100),
            beside=partial(assignment.leak, share=share / 100, follow=False),
        )
        for share in (5, 20, 50)
    ),
    Fault(
        "non_delivery",
        "non_delivery",
        "Treatment not delivered",
        Layer.SERVED,
        0.3,
        1.0,
        "share of the treatment",
        experience.non_delivery,
        whole=0.4,
    ),
    Fault(
        "redirect_loss",
        "redirect_loss",
        "Redirect loses the impatient",
        Layer.MET,
        0.01,
        0.25,
        "share of the treatment",
        exposure.redirect_loss,
    ),
    Fault("bot", "bot", "Bot", Layer.LOGGED, 100, 20_000, "rows", records.bot),
    Fault(
        "duplicate_events",
        "duplicate_events",
        "Events sent twice in one arm",
        Layer.LOGGED,
        0.003,
        0.3,
        "share of rows",
        records.duplicate_events,
    ),
    Fault(
        "late_arm_start", "late_arm_start", "One arm starts late", Layer.MET, 0.5, 5, "days", assignment.late_arm_start
    ),
    Fault(
        "wrong_bucketing",
        "wrong_bucketing",
        "Wrong bucketing",
        Layer.ASSIGNED,
        0.03,
        0.8,
        "share dealt wrongly",
        assignment.wrong_bucketing,
    ),
    Fault(
        "missing_exposures",
        "missing_exposures",
        "Exposures not logged",
        Layer.MET,
        0.02,
        0.9,
        "share of visits",
        exposure.missing_exposures,
    ),
    Fault(
        "telemetry",
        "telemetry",
        "Telemetry lost in one arm",
        Layer.LOGGED,
        0.003,
        0.3,
        "share of rows",
        records.telemetry,
    ),
    Fault(
        "pre_period_bias",
        "pre_period_bias",
        "Arms differed before",
        Layer.ASSIGNED,
        0.01,
        0.3,
        "on the odds to listen",
        assignment.pre_period_bias,
    ),
    Fault("outlier", "outlier", "One huge value", Layer.LOGGED, 1_000, 3_000_000, "songs in a row", records.outlier),
    Fault(
        "ramp_mix",
        "ramp_mix",
        "Ramp while the mix shifts",
        Layer.MET,
        0.05,
        0.8,
        "share held back at first",
        assignment.ramp_mix,
    ),
    Fault("crossover", "crossover", "Units change arms", Layer.MET, 0.003, 0.3, "share of units", exposure.crossover),
    Fault(
        "join_fan_out",
        "join_fan_out",
        "Join repeats rows",
        Layer.LOGGED,
        0.003,
        0.3,
        "share of the treatment",
        records.join_fan_out,
    ),
    Fault("clock_skew", "clock_skew", "Clock of one arm is off", Layer.LOGGED, 0.5, 24, "hours", records.clock_skew),
    Fault(
        "cache",
        "cache",
        "Cache serves the old page",
        Layer.SERVED,
        0.1,
        1.0,
        "share of the treatment",
        experience.cache,
    ),
    Fault(
        "srm_by_segment",
        "srm_by_segment",
        "One platform loses its treatment",
        Layer.MET,
        0.03,
        1.0,
        "share of the platform",
        exposure.srm_by_segment,
    ),
    Fault(
        "post_exposure_filter",
        "post_exposure_filter",
        "Filter on what follows exposure",
        Layer.LOGGED,
        0.02,
        0.4,
        "share moved into it",
        records.post_exposure_filter,
    ),
    Fault(
        "unit_mismatch",
        "unit_mismatch",
        "Drawn by device, analysed by user",
        Layer.MET,
        0.1,
        1.0,
        "share of users with several",
        exposure.unit_mismatch,
    ),
)

FAULTS = {fault.name: fault for fault in _ALL}
"""By name, in the order of the table."""

CAUSES = tuple(dict.fromkeys(fault.cause for fault in _ALL))
"""What somebody should be told, whichever size the fault has."""
