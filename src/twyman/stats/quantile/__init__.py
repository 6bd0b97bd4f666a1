"""Quantiles: of one arm from a few fetched ranks, and compared between two."""

from twyman.stats.quantile.bracket import Bracket as Bracket
from twyman.stats.quantile.bracket import Lookup as Lookup
from twyman.stats.quantile.bracket import lookup as lookup
from twyman.stats.quantile.bracket import share_error as share_error
from twyman.stats.quantile.comparison import Clustered as Clustered
from twyman.stats.quantile.comparison import from_brackets as from_brackets
from twyman.stats.quantile.comparison import quantiles as quantiles
from twyman.stats.quantile.mid import mid_bracket as mid_bracket
from twyman.stats.quantile.sample import Position as Position
from twyman.stats.quantile.sample import position as position
from twyman.stats.quantile.sample import sample_quantile as sample_quantile
