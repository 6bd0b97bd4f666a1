"""Retention curves, their comparison, and which units may be counted."""

from twyman.stats.survival.comparison import mean_time as mean_time, retention as retention
from twyman.stats.survival.curve import Curve as Curve, kaplan_meier as kaplan_meier
from twyman.stats.survival.log_rank import (
    LogRank as LogRank,
    log_rank as log_rank,
    stratified_log_rank as stratified_log_rank,
)
from twyman.stats.survival.matured import Matured as Matured, matured as matured
from twyman.stats.survival.table import RiskTable as RiskTable
