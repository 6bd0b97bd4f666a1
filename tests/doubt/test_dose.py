"""Is there an effect where nothing was delivered?"""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import beta, norm

from twyman.doubt.check import Status
from twyman.doubt.dose import Dosed, dose_incoherent
from twyman.stats.estimate import Contrast


def cell(value: str, effect: float, se: float, *, met: int = 0, leaked: int = 0, units: int = 1_000) -> Dosed:
    return Dosed(value=value, effect=Contrast(effect, se, None), treatment=(met, units), control=(leaked, units))


PHONE = cell("phone", 0.4, 0.1, met=900)


def test_the_average_its_error_and_what_few_could_do_are_as_by_hand() -> None:
    desk, tv = cell("desk", 0.5, 0.1), cell("tv", 0.2, 0.2, met=2, units=3_000)

    seen = dose_incoherent("songs", "page", "device", [PHONE, desk, tv], what="opened", checks=3)

    assert seen is not None
    effect, se = (500 * 0.5 + 1_500 * 0.2) / 2_000, sqrt((500 * 0.1) ** 2 + (1_500 * 0.2) ** 2) / 2_000
    shares = beta.ppf(0.95, 1, 1_000), beta.ppf(0.95, 3, 2_998)
    spared = (500 * shares[0] + 1_500 * shares[1]) / 2_000 * (0.4 + 1.96 * 0.1) / 0.9
    assert seen.detail["effect"] == pytest.approx(effect)
    assert seen.detail["se"] == pytest.approx(se)
    assert seen.detail["explained"] == pytest.approx(spared)
    assert seen.p_value == pytest.approx(3 * 2 * norm.sf((effect - spared) / se))
    assert seen.detail["met"] == 2 / 4_000


def test_it_warns_at_most_and_names_the_place_and_both_causes() -> None:
    seen = dose_incoherent("songs", "page", "device", [PHONE, cell("desk", 9.0, 0.1)], what="opened")

    assert seen is not None
    assert (seen.code, seen.status, seen.detail["values"]) == ("dose_incoherent", Status.WARN, ["desk"])
    assert "with device = desk hardly anybody of page met opened (0 %), and yet it differs from control" in seen.text
    assert "by +0.4 where it was met" in seen.text
    assert "another flag, test or release with the same split does, or opened isn't logged there" in seen.text


def test_everybody_is_a_place_too() -> None:
    seen = dose_incoherent("songs", "page", "", [cell("", 0.5, 0.1)], what="opened")

    assert seen is not None
    assert "songs: at all, hardly anybody of page met opened" in seen.text
    assert "where it was met" not in seen.text


def test_nothing_is_said_where_nothing_can_be() -> None:
    def silent(*cells: Dosed) -> bool:
        return dose_incoherent("songs", "page", "device", cells, what="opened") is None

    assert silent()
    assert silent(PHONE)
    assert silent(PHONE, cell("desk", 9, 0.1, met=20))  # some met it
    assert silent(PHONE, cell("desk", 9, 0.1, leaked=900))  # control did
    assert silent(PHONE, cell("desk", 9, 0.1, units=298))  # too few to tell that nobody does
    assert not silent(PHONE, cell("desk", 9, 0.1, units=299))
    assert not silent(PHONE, cell("desk", 9, 0.1, met=1))
    assert silent(cell("phone", 9, 0.1, met=100), cell("desk", 9, 0.1, met=1))  # of the few nothing is known elsewhere


def test_what_few_could_do_is_no_doubt() -> None:
    few = cell("desk", 0.02, 0.001, met=40, units=10_000)

    assert dose_incoherent("songs", "page", "device", [few], what="opened") is None
    told = [dose_incoherent("songs", "page", "device", [cell("phone", e, 0.1, met=900), few], what="x") for e in (0, 5)]
    assert [one.status for one in told if one] == [Status.WARN, Status.OK]


def test_a_change_that_acts_through_its_delivery_is_rarely_doubted() -> None:
    rng, loud = np.random.default_rng(4), {Status.OK: 0, Status.NOTE: 0, Status.WARN: 0, Status.BLOCK: 0}
    for _ in range(4_000):
        treated, control = rng.lognormal(0, 1, (2, 600))
        reached = rng.lognormal(0, 1, 800) + 0.5
        effect = Contrast(
            float(treated.mean() - control.mean()), sqrt((treated.var(ddof=1) + control.var(ddof=1)) / 600), None
        )
        phone = cell("phone", float(reached.mean()) - float(np.exp(0.5)), 0.1, met=700)
        seen = dose_incoherent(
            "s", "page", "d", [phone, replace(cell("desk", 0, 1, units=600), effect=effect)], what="x"
        )
        assert seen is not None
        loud[seen.status] += 1

    assert loud[Status.NOTE] + loud[Status.WARN] <= 0.05 * 4_000 * 1.2
    assert loud[Status.WARN] <= 0.01 * 4_000 * 1.3
    assert loud[Status.WARN] > 0


@given(
    effects=st.lists(st.floats(-5, 5), min_size=1, max_size=5),
    elsewhere=st.floats(-5, 5),
    checks=st.integers(1, 9),
    scale=st.floats(0.01, 100),
)
def test_signs_units_and_order_play_no_part(effects: list[float], elsewhere: float, checks: int, scale: float) -> None:
    def p_value(factor: float, *, reverse: bool = False) -> float:
        cells = [cell(f"v{place}", factor * effect, abs(factor)) for place, effect in enumerate(effects)]
        cells.append(cell("phone", factor * elsewhere, 0.2 * abs(factor), met=800))
        seen = dose_incoherent("m", "a", "d", cells[::-1] if reverse else cells, what="x", checks=checks)
        assert seen is not None
        assert seen.p_value is not None
        return seen.p_value

    assert p_value(1.0) == pytest.approx(p_value(-1.0))
    assert p_value(1.0) == pytest.approx(p_value(scale))
    assert p_value(1.0) == pytest.approx(p_value(1.0, reverse=True))
