"""Retention curves, their comparison, and which units may be counted."""

from twyman.stats.survival.comparison import mean_time as mean_time
from twyman.stats.survival.comparison import retention as retention
from twyman.stats.survival.curve import Curve as Curve
from twyman.stats.survival.curve import kaplan_meier as kaplan_meier
from twyman.stats.survival.log_rank import LogRank as LogRank
from twyman.stats.survival.log_rank import log_rank as log_rank
from twyman.stats.survival.log_rank import stratified_log_rank as stratified_log_rank
from twyman.stats.survival.matured import Matured as Matured
from twyman.stats.survival.matured import matured as matured
from twyman.stats.survival.table import RiskTable as RiskTable
