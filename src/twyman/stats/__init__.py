"""Statistics of experiments, from moments: comparisons, sequential and always-valid tests, many tests, power.

    >>> from twyman.stats import Moments, compare
    >>> found = compare(Moments.of([12, 9, 14, 11, 15]), Moments.of([10, 8, 11, 9, 10]))
    >>> f"{found.relative.estimate:+.0%} [{found.relative.lower:+.0%}, {found.relative.upper:+.0%}]"
    '+27% [-3%, +62%]'

Every method that ends in two means gives a `Pair`, and `effect` reads difference and lift off any pair, by
one look, by planned looks or by looks at any time. The face is lazy: a name loads what it needs.

See docs/explanation/statistics.md
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twyman.stats.adjusted_rows import Regression as Regression, regression as regression
    from twyman.stats.anytime.arrays import log_p_of_fixed as log_p_of_fixed, nominal_alphas as nominal_alphas
    from twyman.stats.anytime.bernoulli import rate_interval as rate_interval
    from twyman.stats.anytime.boundary import (
        Asymptotic as Asymptotic,
        MixtureSprt as MixtureSprt,
        nominal_alpha as nominal_alpha,
    )
    from twyman.stats.anytime.bounded import (
        betting as betting,
        empirical_bernstein as empirical_bernstein,
        hoeffding as hoeffding,
    )
    from twyman.stats.anytime.dependence import Dependence as Dependence, dependence as dependence
    from twyman.stats.anytime.evalues import e_bh as e_bh, flagged as flagged
    from twyman.stats.anytime.quantile import (
        quantile_difference_p as quantile_difference_p,
        quantile_interval as quantile_interval,
    )
    from twyman.stats.anytime.regression import optimal_g as optimal_g, t_log_e as t_log_e
    from twyman.stats.anytime.running import Running as Running, intersections as intersections
    from twyman.stats.anytime.sequence import margin_p as margin_p
    from twyman.stats.anytime.split import SplitLook as SplitLook, sequential_split as sequential_split
    from twyman.stats.balance import (
        Balance as Balance,
        Period as Period,
        exact_binomial as exact_binomial,
        srm as srm,
        stratified_srm as stratified_srm,
    )
    from twyman.stats.bayes.best import Race as Race, race as race
    from twyman.stats.bayes.counts import Beta as Beta, beta_posterior as beta_posterior
    from twyman.stats.bayes.loss import expected_loss as expected_loss
    from twyman.stats.bayes.posterior import Posterior as Posterior, posterior as posterior, updated as updated
    from twyman.stats.bayes.prior import NormalPrior as NormalPrior
    from twyman.stats.cap import Cap as Cap, CapRule as CapRule, capped as capped
    from twyman.stats.cells import Cells as Cells
    from twyman.stats.certainty import (
        AnyLook as AnyLook,
        Certainty as Certainty,
        OneLook as OneLook,
        PlannedLooks as PlannedLooks,
    )
    from twyman.stats.clusters.intraclass import intraclass as intraclass
    from twyman.stats.clusters.randomisation import permuted as permuted
    from twyman.stats.clusters.sandwich import multiway as multiway, sandwich as sandwich
    from twyman.stats.clusters.sums import (
        Clusters as Clusters,
        cluster_means as cluster_means,
        cluster_ratios as cluster_ratios,
    )
    from twyman.stats.comparison import (
        ENGINE as ENGINE,
        Effect as Effect,
        Effects as Effects,
        compare as compare,
        compare_all as compare_all,
        effect as effect,
    )
    from twyman.stats.count import (
        Count as Count,
        agresti_coull as agresti_coull,
        clopper_pearson as clopper_pearson,
        jeffreys as jeffreys,
        wilson as wilson,
    )
    from twyman.stats.covariates import Adjusted as Adjusted, adjusted as adjusted
    from twyman.stats.difference import means as means
    from twyman.stats.estimate import (
        Cause as Cause,
        Contrast as Contrast,
        Estimate as Estimate,
        NotEstimable as NotEstimable,
    )
    from twyman.stats.exact import barnard as barnard, boschloo as boschloo, fisher as fisher
    from twyman.stats.history.exaggeration import (
        exaggeration as exaggeration,
        false_positive_risk as false_positive_risk,
        success_rate as success_rate,
    )
    from twyman.stats.history.launches import launch_impact as launch_impact
    from twyman.stats.history.mixture import mixture_shrinkage as mixture_shrinkage
    from twyman.stats.history.shrinkage import (
        RandomEffects as RandomEffects,
        default_prior as default_prior,
        james_stein as james_stein,
        random_effects as random_effects,
    )
    from twyman.stats.interactions.grid import Grid as Grid, grid as grid
    from twyman.stats.interactions.modification import Interaction as Interaction, interaction as interaction
    from twyman.stats.interactions.scenario import (
        conditional as conditional,
        launched as launched,
        scenario as scenario,
    )
    from twyman.stats.lift import absolute as absolute, relative as relative
    from twyman.stats.linear import Fit as Fit, least_squares as least_squares
    from twyman.stats.many_arms.against_control import (
        ManyToOne as ManyToOne,
        against_control as against_control,
        combined as combined,
        pooled_means as pooled_means,
    )
    from twyman.stats.many_arms.largest import critical_of_largest as critical_of_largest
    from twyman.stats.margins import (
        Equivalence as Equivalence,
        Guarded as Guarded,
        equivalent as equivalent,
        guarded as guarded,
        noninferiority as noninferiority,
    )
    from twyman.stats.moments import Moments as Moments
    from twyman.stats.multiplicity.discoveries import (
        adaptive_bh as adaptive_bh,
        bh as bh,
        bky as bky,
        by as by,
        storey as storey,
        two_stage_bh as two_stage_bh,
    )
    from twyman.stats.multiplicity.family import among_made as among_made
    from twyman.stats.multiplicity.familywise import (
        bonferroni as bonferroni,
        hochberg as hochberg,
        holm as holm,
        holm_sidak as holm_sidak,
        hommel as hommel,
        sidak as sidak,
        weighted_bonferroni as weighted_bonferroni,
    )
    from twyman.stats.multiplicity.matching import (
        Corrected as Corrected,
        StepDown as StepDown,
        corrected as corrected,
        step_down as step_down,
    )
    from twyman.stats.over_days import (
        DailyEffects as DailyEffects,
        Novelty as Novelty,
        daily_effects as daily_effects,
        novelty as novelty,
        trend as trend,
    )
    from twyman.stats.pair import Pair as Pair
    from twyman.stats.power.design import Design as Design, Sizes as Sizes
    from twyman.stats.power.duration import (
        Intake as Intake,
        duration as duration,
        horizons as horizons,
        plan_by as plan_by,
    )
    from twyman.stats.power.history import (
        clustered as clustered,
        design_effect as design_effect,
        known_mean as known_mean,
        known_proportion as known_proportion,
        known_quantile as known_quantile,
        with_covariate as with_covariate,
    )
    from twyman.stats.power.looks import (
        AlwaysValid as AlwaysValid,
        GroupSequential as GroupSequential,
        looks_at as looks_at,
    )
    from twyman.stats.power.method import Compared as Compared
    from twyman.stats.power.midway import more_units as more_units, reestimated as reestimated
    from twyman.stats.power.precision import detectable as detectable, information_needed as information_needed
    from twyman.stats.power.question import NonInferiority as NonInferiority, Superiority as Superiority
    from twyman.stats.power.schedule import Schedule as Schedule, schedule as schedule
    from twyman.stats.power.sharing import best_shares as best_shares
    from twyman.stats.pre_period import PreBalance as PreBalance, pre_balance as pre_balance
    from twyman.stats.predictors import filled as filled, pre_ratio as pre_ratio, with_missing as with_missing
    from twyman.stats.proportion import proportions as proportions
    from twyman.stats.quantile.bracket import lookup as lookup, share_error as share_error
    from twyman.stats.quantile.comparison import (
        Clustered as Clustered,
        from_brackets as from_brackets,
        quantiles as quantiles,
    )
    from twyman.stats.quantile.mid import mid_bracket as mid_bracket
    from twyman.stats.quantile.sample import sample_quantile as sample_quantile
    from twyman.stats.ranks import mann_whitney as mann_whitney, superiority as superiority
    from twyman.stats.rates import rate_ratio as rate_ratio
    from twyman.stats.ratio import ratios as ratios
    from twyman.stats.re_randomised import SyntheticAA as SyntheticAA, synthetic_aa as synthetic_aa
    from twyman.stats.resampling.comparison import bootstrap as bootstrap, bootstrap_quantiles as bootstrap_quantiles
    from twyman.stats.resampling.replicates import Replicates as Replicates
    from twyman.stats.rule.allocation import Allocation as Allocation, Errors as Errors, allocated as allocated
    from twyman.stats.rule.tree import (
        Hypothesis as Hypothesis,
        all_of as all_of,
        any_of as any_of,
        noninferior as noninferior,
        superior as superior,
        unharmed as unharmed,
        within as within,
    )
    from twyman.stats.rule.verdict import Verdict as Verdict, judged as judged, scored as scored
    from twyman.stats.scaled import (
        Reach as Reach,
        coverage as coverage,
        effect_per_day as effect_per_day,
        global_pair as global_pair,
        total_effect as total_effect,
    )
    from twyman.stats.score import (
        difference_score as difference_score,
        noninferiority_score as noninferiority_score,
        odds_score as odds_score,
        ratio_score as ratio_score,
        score_interval as score_interval,
        score_test as score_test,
    )
    from twyman.stats.segments.breakdown import Breakdown as Breakdown, breakdown as breakdown
    from twyman.stats.segments.heterogeneity import heterogeneity as heterogeneity
    from twyman.stats.segments.odds import mantel_haenszel as mantel_haenszel
    from twyman.stats.sequential.bounds import Bounds as Bounds, bounds as bounds
    from twyman.stats.sequential.classical import (
        haybittle_peto as haybittle_peto,
        obrien_fleming as obrien_fleming,
        pocock as pocock,
        wang_tsiatis as wang_tsiatis,
    )
    from twyman.stats.sequential.curtailment import (
        conditional_power as conditional_power,
        predictive_power as predictive_power,
    )
    from twyman.stats.sequential.futility import futility as futility
    from twyman.stats.sequential.plan import SequentialPlan as SequentialPlan
    from twyman.stats.sequential.record import state_of_json as state_of_json, state_to_json as state_to_json
    from twyman.stats.sequential.repeated import (
        AtLook as AtLook,
        p_so_far as p_so_far,
        repeated_p as repeated_p,
        smallest_p as smallest_p,
    )
    from twyman.stats.sequential.spending import (
        BothSides as BothSides,
        Custom as Custom,
        HwangShihDecani as HwangShihDecani,
        ObrienFleming as ObrienFleming,
        Pocock as Pocock,
        PowerSpending as PowerSpending,
        Spending as Spending,
        Tabulated as Tabulated,
    )
    from twyman.stats.sequential.stagewise import Stagewise as Stagewise, stagewise as stagewise
    from twyman.stats.sequential.state import SequentialLook as SequentialLook, SequentialState as SequentialState
    from twyman.stats.sequential.stopping import (
        crossings as crossings,
        drift_for as drift_for,
        inflation as inflation,
        peeking_error as peeking_error,
    )
    from twyman.stats.settings import Settings as Settings
    from twyman.stats.strata import (
        Stratified as Stratified,
        Stratum as Stratum,
        post_stratified as post_stratified,
        stratified_mean as stratified_mean,
    )
    from twyman.stats.survival.comparison import mean_time as mean_time, retention as retention
    from twyman.stats.survival.curve import Curve as Curve, kaplan_meier as kaplan_meier
    from twyman.stats.survival.log_rank import log_rank as log_rank, stratified_log_rank as stratified_log_rank
    from twyman.stats.survival.matured import matured as matured
    from twyman.stats.survival.table import RiskTable as RiskTable
    from twyman.stats.switchbacks import (
        Panel as Panel,
        Switchback as Switchback,
        carry_over as carry_over,
        redrawn as redrawn,
        switchback as switchback,
    )
    from twyman.stats.two_counts import (
        difference_agresti_caffo as difference_agresti_caffo,
        difference_newcombe as difference_newcombe,
        odds_log as odds_log,
        ratio_log as ratio_log,
    )

_ROOMS = {
    "moments": "Moments",
    "cells": "Cells",
    "estimate": "Cause Contrast Estimate NotEstimable",
    "pair": "Pair",
    "settings": "Settings",
    "comparison": "ENGINE Effect Effects compare compare_all effect",
    "certainty": "AnyLook Certainty OneLook PlannedLooks",
    "difference": "means",
    "proportion": "proportions",
    "ratio": "ratios",
    "covariates": "Adjusted adjusted",
    "lift": "absolute relative",
    "margins": "Equivalence Guarded equivalent guarded noninferiority",
    "strata": "Stratified Stratum post_stratified stratified_mean",
    "pre_period": "PreBalance pre_balance",
    "predictors": "filled pre_ratio with_missing",
    "linear": "Fit least_squares",
    "adjusted_rows": "Regression regression",
    "clusters.sums": "Clusters cluster_means cluster_ratios",
    "clusters.sandwich": "multiway sandwich",
    "clusters.randomisation": "permuted",
    "clusters.intraclass": "intraclass",
    "switchbacks": "Panel Switchback carry_over redrawn switchback",
    "count": "Count agresti_coull clopper_pearson jeffreys wilson",
    "two_counts": "difference_agresti_caffo difference_newcombe odds_log ratio_log",
    "score": "difference_score noninferiority_score odds_score ratio_score score_interval score_test",
    "exact": "barnard boschloo fisher",
    "rates": "rate_ratio",
    "quantile.sample": "sample_quantile",
    "quantile.comparison": "Clustered from_brackets quantiles",
    "quantile.bracket": "lookup share_error",
    "quantile.mid": "mid_bracket",
    "resampling.comparison": "bootstrap bootstrap_quantiles",
    "resampling.replicates": "Replicates",
    "ranks": "mann_whitney superiority",
    "cap": "Cap CapRule capped",
    "survival.table": "RiskTable",
    "survival.curve": "Curve kaplan_meier",
    "survival.comparison": "mean_time retention",
    "survival.log_rank": "log_rank stratified_log_rank",
    "survival.matured": "matured",
    "sequential.bounds": "Bounds bounds",
    "sequential.classical": "haybittle_peto obrien_fleming pocock wang_tsiatis",
    "sequential.spending": "BothSides Custom HwangShihDecani ObrienFleming Pocock PowerSpending Spending Tabulated",
    "sequential.repeated": "AtLook p_so_far repeated_p smallest_p",
    "sequential.stopping": "crossings drift_for inflation peeking_error",
    "sequential.stagewise": "Stagewise stagewise",
    "sequential.curtailment": "conditional_power predictive_power",
    "sequential.futility": "futility",
    "sequential.plan": "SequentialPlan",
    "sequential.state": "SequentialLook SequentialState",
    "sequential.record": "state_of_json state_to_json",
    "anytime.boundary": "Asymptotic MixtureSprt nominal_alpha",
    "anytime.arrays": "log_p_of_fixed nominal_alphas",
    "anytime.sequence": "margin_p",
    "anytime.bounded": "betting empirical_bernstein hoeffding",
    "anytime.bernoulli": "rate_interval",
    "anytime.quantile": "quantile_difference_p quantile_interval",
    "anytime.running": "Running intersections",
    "anytime.evalues": "e_bh flagged",
    "anytime.split": "SplitLook sequential_split",
    "anytime.dependence": "Dependence dependence",
    "anytime.regression": "optimal_g t_log_e",
    "balance": "Balance Period exact_binomial srm stratified_srm",
    "multiplicity.familywise": "bonferroni hochberg holm holm_sidak hommel sidak weighted_bonferroni",
    "multiplicity.discoveries": "adaptive_bh bh bky by storey two_stage_bh",
    "multiplicity.matching": "Corrected StepDown corrected step_down",
    "multiplicity.family": "among_made",
    "many_arms.against_control": "ManyToOne against_control combined pooled_means",
    "many_arms.largest": "critical_of_largest",
    "rule.tree": "Hypothesis all_of any_of noninferior superior unharmed within",
    "rule.allocation": "Allocation Errors allocated",
    "rule.verdict": "Verdict judged scored",
    "interactions.grid": "Grid grid",
    "interactions.modification": "Interaction interaction",
    "interactions.scenario": "conditional launched scenario",
    "segments.breakdown": "Breakdown breakdown",
    "segments.heterogeneity": "heterogeneity",
    "segments.odds": "mantel_haenszel",
    "over_days": "DailyEffects Novelty daily_effects novelty trend",
    "scaled": "Reach coverage effect_per_day global_pair total_effect",
    "re_randomised": "SyntheticAA synthetic_aa",
    "bayes.prior": "NormalPrior",
    "bayes.posterior": "Posterior posterior updated",
    "bayes.counts": "Beta beta_posterior",
    "bayes.best": "Race race",
    "bayes.loss": "expected_loss",
    "history.shrinkage": "RandomEffects default_prior james_stein random_effects",
    "history.mixture": "mixture_shrinkage",
    "history.exaggeration": "exaggeration false_positive_risk success_rate",
    "history.launches": "launch_impact",
    "power.design": "Design Sizes",
    "power.method": "Compared",
    "power.history": "clustered design_effect known_mean known_proportion known_quantile with_covariate",
    "power.question": "NonInferiority Superiority",
    "power.looks": "AlwaysValid GroupSequential looks_at",
    "power.duration": "Intake duration horizons plan_by",
    "power.schedule": "Schedule schedule",
    "power.midway": "more_units reestimated",
    "power.sharing": "best_shares",
    "power.precision": "detectable information_needed",
}

_HOME = {name: f"twyman.stats.{room}" for room, names in _ROOMS.items() for name in names.split()}

__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll] - the imports above say it to type checkers


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'twyman.stats' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
