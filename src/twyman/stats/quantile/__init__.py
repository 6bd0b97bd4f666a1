"""Quantiles: of one arm from a few fetched ranks, and compared between two."""

from twyman.stats.quantile.bracket import (
    Bracket as Bracket,
    Lookup as Lookup,
    lookup as lookup,
    share_error as share_error,
)
from twyman.stats.quantile.comparison import (
    Clustered as Clustered,
    from_brackets as from_brackets,
    quantiles as quantiles,
)
from twyman.stats.quantile.mid import mid_bracket as mid_bracket
from twyman.stats.quantile.sample import Position as Position, position as position, sample_quantile as sample_quantile
