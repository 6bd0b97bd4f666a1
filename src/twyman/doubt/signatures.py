"""How loud each check is in healthy experiments and under each kind of fault: counted by the fault lab."""

from collections.abc import Mapping

BINS = ("absent", "ok", "note", "warn", "block", "extreme", "certain")
"""How loud: from not in the answer to beyond any chance, by status and, of what blocks, by p-value."""

SHARPNESS = 1.0
"""What the evidence counts for: below 1 where checks say the same thing twice."""

THRESHOLD = 0.119
"""Probability of a fault that 1 in 100 healthy experiments of the training seeds passed at any reading."""

ODD = 0.1
"""Share of faults of a kind that show only in what speaks for the kind first, by its definition."""

LOUD = (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1)
"""Probabilities of the bins of what speaks for a kind of fault, in such a form of it."""

MEANS: Mapping[str, str] = {
    "aliased": "aliased_twin",
    "bot": "bot",
    "clock": "clock_skew",
    "clock_by_arm": "clock_skew",
    "clock_skew": "clock_skew",
    "contaminated": "crossover",
    "counterfactual_missing": "post_exposure_filter",
    "crossovers": "crossover",
    "dominant_unit": "outlier",
    "dropped_units": "post_exposure_filter",
    "effect_drift": "ramp_mix",
    "filter": "post_exposure_filter",
    "filter_by_outcome": "post_exposure_filter",
    "hangs_on_one_unit": "outlier",
    "joined": "telemetry",
    "late_by_arm": "clock_skew",
    "leak": "leak",
    "mix_shift": "ramp_mix",
    "must_not_move": "aliased_twin",
    "not_delivered": "non_delivery",
    "partly_delivered": "cache",
    "pre_period": "pre_period_bias",
    "repeated_facts": "duplicate_events",
    "source_missing": "telemetry",
    "sources_apart": "telemetry",
    "srm": "wrong_bucketing",
    "srm_by_day": "late_arm_start",
    "srm_by_segment": "srm_by_segment",
    "srm_stage": "redirect_loss",
    "stray_rows": "missing_exposures",
    "telemetry_volume": "telemetry",
    "triggered_srm": "redirect_loss",
    "undeclared_moved": "leak",
    "uneven_overlap": "leak",
}
"""What a check speaks for first, by its definition."""

MADE_WITH: Mapping[str, str] = {
    "aliased": "coexposure",
    "clock_skew": "late_by_arm",
    "contaminated": "delivery",
    "leak": "coexposure",
    "not_delivered": "delivery",
    "partly_delivered": "delivery",
    "source_missing": "sources_apart",
    "undeclared_moved": "undeclared",
    "uneven_overlap": "coexposure",
}
"""Of checks that are in an answer only where they found something: what tells that they were made."""

PRIORS: Mapping[str, float] = {
    "healthy": 0.95,
    "aliased_twin": 0.0025,
    "leak": 0.0025,
    "non_delivery": 0.0025,
    "redirect_loss": 0.0025,
    "bot": 0.0025,
    "duplicate_events": 0.0025,
    "late_arm_start": 0.0025,
    "wrong_bucketing": 0.0025,
    "missing_exposures": 0.0025,
    "telemetry": 0.0025,
    "pre_period_bias": 0.0025,
    "outlier": 0.0025,
    "ramp_mix": 0.0025,
    "crossover": 0.0025,
    "join_fan_out": 0.0025,
    "clock_skew": 0.0025,
    "cache": 0.0025,
    "srm_by_segment": 0.0025,
    "post_exposure_filter": 0.0025,
    "unit_mismatch": 0.0025,
}
"""Of 100 experiments 95 are healthy; kinds of fault are alike likely."""

# Probabilities of the bins by code; under a fault only of those codes that look otherwise than in health.
SIGNATURES: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "healthy": {
        "aliased": (0.9998, 9.709e-08, 0.0001166, 5.835e-05, 1.757e-05, 2.039e-06, 1.165e-07),
        "bot": (9.89e-05, 0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "clock": (0.6708, 0.3142, 0.01183, 0.002661, 0.0002954, 9.743e-05, 9.743e-05),
        "clock_by_arm": (5e-06, 0.95, 0.04, 0.009005, 0.001004, 6e-06, 5e-06),
        "clock_skew": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "coexposure": (9.89e-05, 0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "crossovers": (9.89e-05, 0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "delivery": (9.89e-05, 0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "dominant_unit": (0.8998, 8.904e-05, 0.09003, 0.009003, 0.0009003, 8.904e-05, 8.904e-05),
        "dose_incoherent": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "effect_drift": (0.5475, 0.4148, 0.03731, 9.882e-05, 9.882e-05, 9.882e-05, 9.882e-05),
        "filter": (0.8, 0.19, 0.008001, 0.001801, 0.0002008, 1.2e-06, 1e-06),
        "filter_by_outcome": (0.8261, 0.1653, 8.175e-05, 0.008266, 8.175e-05, 8.175e-05, 8.175e-05),
        "freshness": (9.89e-05, 0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "hangs_on_one_unit": (0.999, 9.886e-05, 9.886e-05, 9.886e-05, 0.0004998, 9.886e-05, 9.886e-05),
        "immature": (0.3874, 9.886e-05, 0.6121, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05),
        "joined": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "late_by_arm": (5e-06, 0.95, 0.04, 0.009005, 0.001004, 6e-06, 5e-06),
        "late_facts": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "leak": (0.9998, 9.709e-08, 0.0001166, 5.835e-05, 1.757e-05, 2.039e-06, 1.165e-07),
        "mix_shift": (2.238e-07, 0.9789, 0.01578, 0.005293, 4.656e-06, 2.686e-07, 2.238e-07),
        "must_not_move": (0.9985, 9.881e-05, 9.881e-05, 9.881e-05, 0.0009991, 9.881e-05, 9.881e-05),
        "neighbours_moved": (0.998, 0.001483, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05),
        "not_delivered": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "novelty": (0.8257, 0.1705, 0.003459, 9.882e-05, 9.882e-05, 9.882e-05, 9.882e-05),
        "partly_delivered": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "pre_period": (9.709e-08, 0.9654, 0.02715, 0.007474, 2.019e-06, 1.165e-07, 9.709e-08),
        "repeated_facts": (5e-06, 0.95, 0.04, 0.009005, 0.001004, 6e-06, 5e-06),
        "segment_concentration": (0.5473, 0.4506, 0.0009878, 0.0008232, 9.878e-05, 9.878e-05, 9.878e-05),
        "source_missing": (0.9994, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05, 9.89e-05),
        "sources_apart": (9.709e-08, 0.999, 0.0007768, 0.0001749, 1.95e-05, 1.165e-07, 9.709e-08),
        "srm": (9.709e-08, 0.9473, 0.0435, 0.007699, 0.001476, 1.165e-07, 9.709e-08),
        "srm_by_day": (9.709e-08, 0.9661, 0.02748, 0.006422, 2.019e-06, 1.165e-07, 9.709e-08),
        "srm_by_segment": (2.099e-07, 0.9627, 0.02809, 0.00916, 4.365e-06, 2.518e-07, 2.099e-07),
        "srm_stage": (1.024e-07, 0.999, 0.0008191, 0.0001844, 2.056e-05, 1.229e-07, 1.024e-07),
        "telemetry_volume": (0.3992, 0.6003, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05),
        "undeclared": (0.5487, 0.4508, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05, 9.886e-05),
        "undeclared_moved": (0.9998, 9.709e-08, 0.0001166, 5.835e-05, 1.757e-05, 2.039e-06, 1.165e-07),
        "contaminated": (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05),
        "counterfactual_missing": (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05),
        "dropped_units": (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05),
        "stray_rows": (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05),
        "triggered_srm": (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05),
        "uneven_overlap": (0.499995, 0.4639954, 0.0249998, 0.0099999, 0.0009, 0.0001, 1e-05),
    },
    "aliased_twin": {
        "aliased": (0.01887, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887, 0.8868),
        "coexposure": (0.8868, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887),
        "effect_drift": (0.4969, 0.1824, 0.2453, 0.01887, 0.01887, 0.01887, 0.01887),
        "must_not_move": (0.6792, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887, 0.2264),
    },
    "leak": {
        "coexposure": (0.6414, 0.3241, 0.006897, 0.006897, 0.006897, 0.006897, 0.006897),
        "leak": (0.3241, 0.006897, 0.006897, 0.1701, 0.006897, 0.006897, 0.4782),
        "must_not_move": (0.869, 0.006897, 0.006897, 0.006897, 0.01379, 0.05977, 0.03678),
        "uneven_overlap": (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1),
    },
    "non_delivery": {
        "delivery": (0.8868, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887),
        "dose_incoherent": (0.7799, 0.1258, 0.01887, 0.01887, 0.01887, 0.01887, 0.01887),
        "not_delivered": (0.6604, 0.01887, 0.01887, 0.01887, 0.2453, 0.01887, 0.01887),
        "partly_delivered": (0.2453, 0.01887, 0.01887, 0.6604, 0.01887, 0.01887, 0.01887),
    },
    "redirect_loss": {
        "pre_period": (0.01887, 0.5472, 0.1195, 0.1384, 0.08176, 0.07547, 0.01887),
        "srm": (0.01887, 0.3899, 0.09119, 0.1038, 0.239, 0.07233, 0.08491),
        "triggered_srm": (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1),
    },
    "bot": {
        "bot": (0.01961, 0.4869, 0.01961, 0.415, 0.01961, 0.01961, 0.01961),
        "dominant_unit": (0.5882, 0.01961, 0.03268, 0.03922, 0.281, 0.01961, 0.01961),
        "hangs_on_one_unit": (0.7908, 0.01961, 0.01961, 0.01961, 0.1111, 0.01961, 0.01961),
        "late_facts": (0.8203, 0.01961, 0.0817, 0.01961, 0.01961, 0.01961, 0.01961),
    },
    "duplicate_events": {
        "neighbours_moved": (0.719, 0.183, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "repeated_facts": (0.01961, 0.01961, 0.2549, 0.01961, 0.01961, 0.07843, 0.5882),
        "telemetry_volume": (0.317, 0.4477, 0.04248, 0.134, 0.01961, 0.01961, 0.01961),
        "undeclared_moved": (0.7778, 0.01961, 0.01961, 0.1242, 0.01961, 0.01961, 0.01961),
    },
    "late_arm_start": {
        "delivery": (0.3072, 0.5948, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "effect_drift": (0.4641, 0.0719, 0.3856, 0.01961, 0.01961, 0.01961, 0.01961),
        "mix_shift": (0.4641, 0.01961, 0.01961, 0.281, 0.01961, 0.01961, 0.1765),
        "not_delivered": (0.5948, 0.01961, 0.01961, 0.01961, 0.3072, 0.01961, 0.01961),
        "pre_period": (0.3072, 0.2353, 0.1242, 0.08497, 0.06863, 0.1078, 0.0719),
        "sources_apart": (0.3072, 0.5948, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "srm": (0.01961, 0.3105, 0.09804, 0.02941, 0.06863, 0.08497, 0.3889),
        "srm_by_day": (0.3072, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961, 0.5948),
        "telemetry_volume": (0.3889, 0.01961, 0.03922, 0.4935, 0.01961, 0.01961, 0.01961),
    },
    "wrong_bucketing": {
        "srm": (0.01961, 0.2484, 0.1307, 0.1601, 0.05882, 0.1176, 0.2647),
    },
    "missing_exposures": {
        "mix_shift": (0.4699, 0.1687, 0.0241, 0.2048, 0.0241, 0.04819, 0.06024),
        "pre_period": (0.01961, 0.6405, 0.03922, 0.1667, 0.08497, 0.02941, 0.01961),
        "srm": (0.01961, 0.5588, 0.0719, 0.1013, 0.07843, 0.06536, 0.1046),
        "srm_by_day": (0.01961, 0.3072, 0.1111, 0.1144, 0.05882, 0.1471, 0.2418),
        "telemetry_volume": (0.3333, 0.4412, 0.02941, 0.1373, 0.01961, 0.01961, 0.01961),
        "stray_rows": (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1),
    },
    "telemetry": {
        "joined": (0.4183, 0.2778, 0.2255, 0.01961, 0.01961, 0.01961, 0.01961),
        "neighbours_moved": (0.7124, 0.1895, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "source_missing": (0.3758, 0.01961, 0.1699, 0.3758, 0.01961, 0.01961, 0.01961),
        "sources_apart": (0.01961, 0.03922, 0.01961, 0.3137, 0.01961, 0.06863, 0.5196),
        "telemetry_volume": (0.3366, 0.402, 0.02941, 0.1732, 0.01961, 0.01961, 0.01961),
        "undeclared_moved": (0.8105, 0.01961, 0.01961, 0.0915, 0.01961, 0.01961, 0.01961),
    },
    "pre_period_bias": {
        "pre_period": (0.01961, 0.5098, 0.0817, 0.2418, 0.06863, 0.05882, 0.01961),
    },
    "outlier": {
        "dominant_unit": (0.6471, 0.01961, 0.07843, 0.01961, 0.1961, 0.01961, 0.01961),
        "hangs_on_one_unit": (0.8039, 0.01961, 0.01961, 0.01961, 0.09804, 0.01961, 0.01961),
        "must_not_move": (0.8039, 0.01961, 0.01961, 0.01961, 0.05882, 0.05882, 0.01961),
    },
    "ramp_mix": {
        "mix_shift": (0.4913, 0.1254, 0.03484, 0.1394, 0.02091, 0.03484, 0.1533),
        "pre_period": (0.01961, 0.5131, 0.05882, 0.0915, 0.03922, 0.134, 0.1438),
        "srm": (0.01961, 0.6503, 0.04248, 0.04902, 0.06536, 0.0817, 0.0915),
        "srm_by_day": (0.01961, 0.4444, 0.05556, 0.04575, 0.04575, 0.06536, 0.3235),
    },
    "crossover": {
        "crossovers": (0.01961, 0.01961, 0.2059, 0.01961, 0.6961, 0.01961, 0.01961),
        "contaminated": (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1),
    },
    "join_fan_out": {
        "neighbours_moved": (0.8039, 0.09804, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "pre_period": (0.01961, 0.598, 0.06863, 0.05882, 0.05882, 0.09804, 0.09804),
        "repeated_facts": (0.01961, 0.09804, 0.2157, 0.01961, 0.02941, 0.1667, 0.451),
    },
    "clock_skew": {
        "clock": (0.3627, 0.2941, 0.01961, 0.2647, 0.01961, 0.01961, 0.01961),
        "clock_by_arm": (0.5294, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961, 0.3725),
        "clock_skew": (0.5294, 0.01961, 0.3725, 0.01961, 0.01961, 0.01961, 0.01961),
        "delivery": (0.183, 0.719, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "effect_drift": (0.4902, 0.1961, 0.2353, 0.01961, 0.01961, 0.01961, 0.01961),
        "joined": (0.5196, 0.04248, 0.3497, 0.02941, 0.01961, 0.01961, 0.01961),
        "late_by_arm": (0.4902, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961, 0.4118),
        "late_facts": (0.5784, 0.01961, 0.2745, 0.06863, 0.01961, 0.01961, 0.01961),
        "neighbours_moved": (0.6144, 0.2876, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "partly_delivered": (0.719, 0.01961, 0.01961, 0.183, 0.01961, 0.01961, 0.01961),
        "pre_period": (0.01961, 0.4118, 0.06863, 0.04902, 0.01961, 0.1373, 0.2941),
        "srm_stage": (0.02113, 0.7641, 0.02113, 0.1303, 0.02113, 0.02113, 0.02113),
        "telemetry_volume": (0.3627, 0.2484, 0.01961, 0.3105, 0.01961, 0.01961, 0.01961),
        "undeclared_moved": (0.6667, 0.01961, 0.01961, 0.2353, 0.01961, 0.01961, 0.01961),
    },
    "cache": {
        "delivery": (0.2614, 0.6405, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "effect_drift": (0.4902, 0.1111, 0.3203, 0.01961, 0.01961, 0.01961, 0.01961),
        "partly_delivered": (0.6405, 0.01961, 0.01961, 0.2614, 0.01961, 0.01961, 0.01961),
    },
    "srm_by_segment": {
        "mix_shift": (0.518, 0.1583, 0.02158, 0.2158, 0.02158, 0.02158, 0.04317),
        "srm": (0.01961, 0.4902, 0.0915, 0.02941, 0.183, 0.08824, 0.09804),
        "srm_by_segment": (0.4902, 0.1438, 0.0719, 0.03922, 0.03268, 0.05882, 0.1634),
    },
    "post_exposure_filter": {
        "clock": (0.8824, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961, 0.01961),
        "filter": (0.01961, 0.451, 0.05882, 0.1373, 0.09804, 0.1373, 0.09804),
        "filter_by_outcome": (0.01961, 0.01961, 0.01961, 0.8824, 0.01961, 0.01961, 0.01961),
        "srm": (0.01961, 0.6013, 0.1373, 0.09477, 0.08824, 0.03922, 0.01961),
        "counterfactual_missing": (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1),
        "dropped_units": (0.499995, 0.100005, 0.05, 0.05, 0.1, 0.1, 0.1),
    },
    "unit_mismatch": {
        "crossovers": (0.01961, 0.01961, 0.01961, 0.01961, 0.8824, 0.01961, 0.01961),
    },
}
