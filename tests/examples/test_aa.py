"""A/A tests on public experiments: which of their metrics can be trusted, and why the others can't."""

import json
import runpy
import shutil
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from twyman.cli.main import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DATA = {"cookie_cats": "cookie_cats", "sparkify": "sparkify_users", "globox": "globox", "cdnow": "cdnow",
        "hillstrom": "hillstrom"}  # fmt: skip


@pytest.fixture(scope="module")
def trust(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Deal an example's experiment; return what is said of each metric."""

    @cache
    def found(name: str, experiment: str) -> dict[str, dict[str, Any]]:
        folder = tmp_path_factory.mktemp("trust") / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("data", "*.py"))
        (folder / "data").mkdir()
        for file in (shared / "data" / DATA[name]).iterdir():
            (folder / "data" / file.name).symlink_to(file)
        if (EXAMPLES / name / "prepare.py").exists():
            runpy.run_path(str(EXAMPLES / name / "prepare.py"))["main"](folder / "data")
        with redirect_stdout(StringIO()) as written:
            assert main(["aa", str(folder / f"{experiment}.yaml"), "--format", "json"]) == 0
        return {one["metric"]: one for one in json.loads(written.getvalue())["metrics"]}

    return found


def test_one_player_of_49_854_rounds_makes_cookie_cats_rounds_deaf_and_a_cap_cures_it(trust: Any) -> None:
    found = trust("cookie_cats", "gate")

    assert (found["rounds"]["verdict"], found["rounds"]["cause"]) == ("conservative", "skew")
    assert found["rounds"]["skew"] == pytest.approx(185.4, abs=0.1)
    assert 0.7 < found["rounds"]["largest"] < 0.75  # 49,854 rounds are 72 % of the sum of squares
    assert [found[name]["verdict"] for name in ("rounds_capped", "retention_1", "retention_7")] == ["trusted"] * 3


def test_sparkifys_logged_out_pseudo_user_makes_songs_per_session_cry_wolf(trust: Any) -> None:
    found = trust("sparkify", "aa")

    assert (found["songs_per_session"]["verdict"], found["songs_per_session"]["cause"]) == ("inflated", "skew")
    assert found["songs_per_session"]["largest"] > 0.9
    assert [found[name]["verdict"] for name in ("songs_per_user", "thumbs_down_per_song", "churn")] == ["trusted"] * 3


def test_without_the_pseudo_user_songs_per_session_is_trusted(trust: Any) -> None:
    assert trust("sparkify", "aa-without-bot")["songs_per_session"]["verdict"] == "trusted"


@pytest.mark.parametrize(
    ("name", "experiment", "metrics"),
    [
        ("globox", "banner", ["conversion", "conversion_day_0", "spend"]),
        ("cdnow", "aa", ["spend", "spend_one_slope"]),
        ("hillstrom", "email", ["visit", "conversion", "spend"]),
    ],
)
def test_purchases_and_visits_of_healthy_shops_are_trusted(
    trust: Any, name: str, experiment: str, metrics: list[str]
) -> None:
    found = trust(name, experiment)

    assert {metric: found[metric]["verdict"] for metric in metrics} == dict.fromkeys(metrics, "trusted")
    assert all(0.9 < found[metric]["scatter"] < 1.1 for metric in metrics)
