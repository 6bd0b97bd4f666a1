"""Statistics of experiments, from moments: comparisons, sequential and always-valid tests, many tests, power.

    >>> from twyman.stats import Moments, compare
    >>> found = compare(Moments.of([12, 9, 14, 11, 15]), Moments.of([10, 8, 11, 9, 10]))
    >>> f"{found.relative.estimate:+.0%} [{found.relative.lower:+.0%}, {found.relative.upper:+.0%}]"
    '+27% [-3%, +62%]'

Every method that ends in two means gives a `Pair`, and `effect` reads difference and lift off any pair, by
one look, by planned looks or by looks at any time. The face is lazy: a name loads what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twyman.stats.anytime.bernoulli import rate_interval
    from twyman.stats.anytime.boundary import Asymptotic, MixtureSprt
    from twyman.stats.anytime.bounded import betting, hoeffding
    from twyman.stats.anytime.dependence import dependence
    from twyman.stats.anytime.evalues import e_bh
    from twyman.stats.anytime.quantile import quantile_interval
    from twyman.stats.anytime.running import intersections
    from twyman.stats.anytime.split import sequential_split
    from twyman.stats.balance import Balance, exact_binomial, srm, stratified_srm
    from twyman.stats.bayes.best import race
    from twyman.stats.bayes.counts import Beta, beta_posterior
    from twyman.stats.bayes.loss import expected_loss
    from twyman.stats.bayes.posterior import posterior
    from twyman.stats.bayes.prior import NormalPrior
    from twyman.stats.bootstrap.comparison import bootstrap, bootstrap_quantiles
    from twyman.stats.cap import CapRule, capped
    from twyman.stats.cells import Cells
    from twyman.stats.certainty import AnyLook, Certainty, OneLook, PlannedLooks
    from twyman.stats.clusters.randomisation import permuted
    from twyman.stats.clusters.sandwich import Sandwich, sandwich, satterthwaite
    from twyman.stats.clusters.sums import Clusters, cluster_means, cluster_ratios
    from twyman.stats.comparison import Effect, Effects, compare, compare_all, effect
    from twyman.stats.count import agresti_coull, clopper_pearson, jeffreys, wilson
    from twyman.stats.covariates import Adjusted, adjusted
    from twyman.stats.difference import means
    from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable
    from twyman.stats.exact import barnard, boschloo, fisher
    from twyman.stats.history.exaggeration import exaggeration, false_positive_risk, success_rate
    from twyman.stats.history.launches import launch_impact
    from twyman.stats.history.shrinkage import default_prior, random_effects
    from twyman.stats.interaction.grid import Grid, grid
    from twyman.stats.interaction.modification import interaction
    from twyman.stats.interaction.scenario import conditional, launched, scenario
    from twyman.stats.lift import absolute, relative
    from twyman.stats.many_arms.against_control import against_control, combined
    from twyman.stats.moments import Moments
    from twyman.stats.multiplicity.discoveries import bh, bky, by, storey, two_stage_bh
    from twyman.stats.multiplicity.familywise import (
        bonferroni,
        hochberg,
        holm,
        holm_sidak,
        hommel,
        sidak,
        weighted_bonferroni,
    )
    from twyman.stats.multiplicity.matching import corrected, step_down
    from twyman.stats.noninferiority import Equivalence, Guarded, equivalent, guarded, noninferiority
    from twyman.stats.novelty import daily_effects, novelty, trend
    from twyman.stats.pair import Pair
    from twyman.stats.power.design import Design
    from twyman.stats.power.duration import Intake, duration, plan_by
    from twyman.stats.power.history import design_effect, known_mean, known_proportion
    from twyman.stats.power.looks import AlwaysValid, GroupSequential, looks_at
    from twyman.stats.power.midway import reestimated
    from twyman.stats.power.precision import detectable, information_needed
    from twyman.stats.power.question import NonInferiority, Superiority
    from twyman.stats.pre_period import PreBalance, pre_balance
    from twyman.stats.predictors import pre_ratio, with_missing
    from twyman.stats.proportion import proportions
    from twyman.stats.quantile.comparison import quantiles
    from twyman.stats.quantile.sample import sample_quantile
    from twyman.stats.ranks import mann_whitney, superiority
    from twyman.stats.rates import rate_ratio
    from twyman.stats.ratio import ratios
    from twyman.stats.regression import Regression, regression
    from twyman.stats.rule.allocation import allocated
    from twyman.stats.rule.tree import all_of, any_of, noninferior, superior, unharmed, within
    from twyman.stats.rule.verdict import judged
    from twyman.stats.scaled import effect_per_day, total_effect
    from twyman.stats.segments.breakdown import breakdown
    from twyman.stats.segments.heterogeneity import heterogeneity
    from twyman.stats.segments.odds import mantel_haenszel
    from twyman.stats.sequential.bounds import Bounds, bounds
    from twyman.stats.sequential.classical import haybittle_peto, obrien_fleming, pocock, wang_tsiatis
    from twyman.stats.sequential.curtailment import conditional_power, predictive_power
    from twyman.stats.sequential.futility import futility
    from twyman.stats.sequential.plan import SequentialPlan
    from twyman.stats.sequential.repeated import AtLook, p_so_far, repeated_p
    from twyman.stats.sequential.spending import (
        BothSides,
        Custom,
        HwangShihDecani,
        ObrienFleming,
        Pocock,
        PowerSpending,
        Spending,
        Tabulated,
    )
    from twyman.stats.sequential.stagewise import Stagewise, stagewise
    from twyman.stats.sequential.state import SequentialLook, SequentialState
    from twyman.stats.sequential.stopping import crossings, inflation, peeking_error, stopping
    from twyman.stats.settings import Settings
    from twyman.stats.strata import Stratified, Stratum, post_stratified
    from twyman.stats.survival.comparison import mean_time, retention
    from twyman.stats.survival.curve import kaplan_meier
    from twyman.stats.survival.log_rank import log_rank
    from twyman.stats.survival.matured import matured
    from twyman.stats.survival.table import RiskTable
    from twyman.stats.switchback import Panel, Switchback, carry_over, switchback
    from twyman.stats.synthetic_aa import synthetic_aa
    from twyman.stats.two_counts import (
        difference_agresti_caffo,
        difference_newcombe,
        difference_score,
        odds_score,
        ratio_score,
    )

_ROOMS = {
    "moments": "Moments",
    "cells": "Cells",
    "estimate": "Cause Contrast Estimate NotEstimable",
    "pair": "Pair",
    "settings": "Settings",
    "comparison": "Effect Effects compare compare_all effect",
    "certainty": "AnyLook Certainty OneLook PlannedLooks",
    "difference": "means",
    "proportion": "proportions",
    "ratio": "ratios",
    "covariates": "Adjusted adjusted",
    "lift": "absolute relative",
    "noninferiority": "Equivalence Guarded equivalent guarded noninferiority",
    "strata": "Stratified Stratum post_stratified",
    "pre_period": "PreBalance pre_balance",
    "predictors": "pre_ratio with_missing",
    "regression": "Regression regression",
    "clusters.sums": "Clusters cluster_means cluster_ratios",
    "clusters.sandwich": "Sandwich sandwich satterthwaite",
    "clusters.randomisation": "permuted",
    "switchback": "Panel Switchback carry_over switchback",
    "count": "agresti_coull clopper_pearson jeffreys wilson",
    "two_counts": "difference_agresti_caffo difference_newcombe difference_score odds_score ratio_score",
    "exact": "barnard boschloo fisher",
    "rates": "rate_ratio",
    "quantile.sample": "sample_quantile",
    "quantile.comparison": "quantiles",
    "bootstrap.comparison": "bootstrap bootstrap_quantiles",
    "ranks": "mann_whitney superiority",
    "cap": "CapRule capped",
    "survival.curve": "kaplan_meier",
    "survival.comparison": "mean_time retention",
    "survival.log_rank": "log_rank",
    "survival.table": "RiskTable",
    "survival.matured": "matured",
    "sequential.bounds": "Bounds bounds",
    "sequential.classical": "haybittle_peto obrien_fleming pocock wang_tsiatis",
    "sequential.spending": "BothSides Custom HwangShihDecani ObrienFleming Pocock PowerSpending Spending Tabulated",
    "sequential.repeated": "AtLook p_so_far repeated_p",
    "sequential.stopping": "crossings inflation peeking_error stopping",
    "sequential.stagewise": "Stagewise stagewise",
    "sequential.curtailment": "conditional_power predictive_power",
    "sequential.futility": "futility",
    "sequential.plan": "SequentialPlan",
    "sequential.state": "SequentialLook SequentialState",
    "anytime.boundary": "Asymptotic MixtureSprt",
    "anytime.bounded": "betting hoeffding",
    "anytime.bernoulli": "rate_interval",
    "anytime.quantile": "quantile_interval",
    "anytime.running": "intersections",
    "anytime.evalues": "e_bh",
    "anytime.split": "sequential_split",
    "anytime.dependence": "dependence",
    "balance": "Balance exact_binomial srm stratified_srm",
    "multiplicity.familywise": "bonferroni hochberg holm holm_sidak hommel sidak weighted_bonferroni",
    "multiplicity.discoveries": "bh bky by storey two_stage_bh",
    "multiplicity.matching": "corrected step_down",
    "many_arms.against_control": "against_control combined",
    "rule.tree": "all_of any_of noninferior superior unharmed within",
    "rule.allocation": "allocated",
    "rule.verdict": "judged",
    "interaction.grid": "Grid grid",
    "interaction.modification": "interaction",
    "interaction.scenario": "conditional launched scenario",
    "segments.breakdown": "breakdown",
    "segments.heterogeneity": "heterogeneity",
    "segments.odds": "mantel_haenszel",
    "novelty": "daily_effects novelty trend",
    "scaled": "effect_per_day total_effect",
    "synthetic_aa": "synthetic_aa",
    "bayes.prior": "NormalPrior",
    "bayes.posterior": "posterior",
    "bayes.counts": "Beta beta_posterior",
    "bayes.best": "race",
    "bayes.loss": "expected_loss",
    "history.shrinkage": "default_prior random_effects",
    "history.exaggeration": "exaggeration false_positive_risk success_rate",
    "history.launches": "launch_impact",
    "power.design": "Design",
    "power.history": "design_effect known_mean known_proportion",
    "power.question": "NonInferiority Superiority",
    "power.looks": "AlwaysValid GroupSequential looks_at",
    "power.duration": "Intake duration plan_by",
    "power.midway": "reestimated",
    "power.precision": "detectable information_needed",
}

_HOME = {name: f"twyman.stats.{room}" for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "Adjusted",
    "AlwaysValid",
    "AnyLook",
    "Asymptotic",
    "AtLook",
    "Balance",
    "Beta",
    "BothSides",
    "Bounds",
    "CapRule",
    "Cause",
    "Cells",
    "Certainty",
    "Clusters",
    "Contrast",
    "Custom",
    "Design",
    "Effect",
    "Effects",
    "Equivalence",
    "Estimate",
    "Grid",
    "GroupSequential",
    "Guarded",
    "HwangShihDecani",
    "Intake",
    "MixtureSprt",
    "Moments",
    "NonInferiority",
    "NormalPrior",
    "NotEstimable",
    "ObrienFleming",
    "OneLook",
    "Pair",
    "Panel",
    "PlannedLooks",
    "Pocock",
    "PowerSpending",
    "PreBalance",
    "Regression",
    "RiskTable",
    "Sandwich",
    "SequentialLook",
    "SequentialPlan",
    "SequentialState",
    "Settings",
    "Spending",
    "Stagewise",
    "Stratified",
    "Stratum",
    "Superiority",
    "Switchback",
    "Tabulated",
    "absolute",
    "adjusted",
    "against_control",
    "agresti_coull",
    "all_of",
    "allocated",
    "any_of",
    "barnard",
    "beta_posterior",
    "betting",
    "bh",
    "bky",
    "bonferroni",
    "bootstrap",
    "bootstrap_quantiles",
    "boschloo",
    "bounds",
    "breakdown",
    "by",
    "capped",
    "carry_over",
    "clopper_pearson",
    "cluster_means",
    "cluster_ratios",
    "combined",
    "compare",
    "compare_all",
    "conditional",
    "conditional_power",
    "corrected",
    "crossings",
    "daily_effects",
    "default_prior",
    "dependence",
    "design_effect",
    "detectable",
    "difference_agresti_caffo",
    "difference_newcombe",
    "difference_score",
    "duration",
    "e_bh",
    "effect",
    "effect_per_day",
    "equivalent",
    "exact_binomial",
    "exaggeration",
    "expected_loss",
    "false_positive_risk",
    "fisher",
    "futility",
    "grid",
    "guarded",
    "haybittle_peto",
    "heterogeneity",
    "hochberg",
    "hoeffding",
    "holm",
    "holm_sidak",
    "hommel",
    "inflation",
    "information_needed",
    "interaction",
    "intersections",
    "jeffreys",
    "judged",
    "kaplan_meier",
    "known_mean",
    "known_proportion",
    "launch_impact",
    "launched",
    "log_rank",
    "looks_at",
    "mann_whitney",
    "mantel_haenszel",
    "matured",
    "mean_time",
    "means",
    "noninferior",
    "noninferiority",
    "novelty",
    "obrien_fleming",
    "odds_score",
    "p_so_far",
    "peeking_error",
    "permuted",
    "plan_by",
    "pocock",
    "post_stratified",
    "posterior",
    "pre_balance",
    "pre_ratio",
    "predictive_power",
    "proportions",
    "quantile_interval",
    "quantiles",
    "race",
    "random_effects",
    "rate_interval",
    "rate_ratio",
    "ratio_score",
    "ratios",
    "reestimated",
    "regression",
    "relative",
    "repeated_p",
    "retention",
    "sample_quantile",
    "sandwich",
    "satterthwaite",
    "scenario",
    "sequential_split",
    "sidak",
    "srm",
    "stagewise",
    "step_down",
    "stopping",
    "storey",
    "stratified_srm",
    "success_rate",
    "superior",
    "superiority",
    "switchback",
    "synthetic_aa",
    "total_effect",
    "trend",
    "two_stage_bh",
    "unharmed",
    "wang_tsiatis",
    "weighted_bonferroni",
    "wilson",
    "with_missing",
    "within",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'twyman.stats' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
