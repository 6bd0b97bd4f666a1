"""How plausible a result is beside all that was known before."""

from twyman.doubt.plausibility import plausibility
from twyman.doubt.prior import Asked, prior


def test_a_surprise_never_speaks_for_health_however_far_away() -> None:
    """LaLonde against a survey's controls: -70.5 % of earnings, where an experiment gives +13 %."""
    assert plausibility(prior([], Asked(metric="earnings")), -0.705, 0.027).ratio >= 1
