"""The definition files that the demo writes, as the loader reads them."""

from datetime import timedelta
from pathlib import Path

import pytest

from twyman.definitions import Project, load
from twyman.demo.files import write_definitions
from twyman.demo.phase import PHASES, WINDOW_DAYS, Phase
from twyman.demo.story import WORLD
from twyman.experiments.experiment import Role
from twyman.wiring.flags import checked

FLAGS = 45

BY_EXPERIMENT = pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.experiment)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    write_definitions(folder)
    return load(folder)


WATCH = "moment-page-nz-watch"


def test_the_project_holds_both_experiments_and_a_watch(project: Project) -> None:
    assert set(project.experiments) == {*(phase.experiment for phase in PHASES), WATCH}


def test_the_watch_is_over_the_same_users_and_on_what_must_not_move_alone(project: Project) -> None:
    watch, page = project.experiments[WATCH], project.experiments["moment-page-nz"]

    assert (watch.key, watch.enrol_from, watch.enrol_until) == (page.key, page.enrol_from, page.enrol_until)
    assert [each.role for each in watch.tracked] == [Role.MUST_NOT_MOVE]


def test_more_than_forty_flags_are_live_and_all_are_sound(tmp_path: Path) -> None:
    write_definitions(tmp_path)

    flags = checked(tmp_path)

    assert len(flags.state.flags) == FLAGS
    assert flags.problems == ()


def test_what_the_story_says_of_its_world_is_so(project: Project) -> None:
    told = WORLD.format(folder="", users=0)

    assert f"{FLAGS} live flags" in told
    assert f"{len(project.catalogue.metrics)} metrics" in told
    assert "40 finished experiments" in told


@BY_EXPERIMENT
def test_the_dates_are_the_simulators(project: Project, phase: Phase) -> None:
    experiment = project.experiments[phase.experiment]
    closes = phase.starts + timedelta(days=phase.enrol_days)

    assert (experiment.enrol_from, experiment.enrol_until) == (phase.starts, closes)
    assert experiment.measure_until == closes + timedelta(days=WINDOW_DAYS)


@BY_EXPERIMENT
def test_the_planned_units_are_the_simulators(project: Project, phase: Phase) -> None:
    assert project.experiments[phase.experiment].plan.units == phase.users


@BY_EXPERIMENT
def test_three_metrics_are_watched_so_that_one_percent_is_split_in_three(project: Project, phase: Phase) -> None:
    tracked = project.experiments[phase.experiment].tracked

    assert {each.metric: each.role for each in tracked if each.role is not Role.INFORMATION} == {
        "retention_week_4": Role.SUCCESS,
        "minutes_per_user": Role.GUARDRAIL,
        "ads_per_hour": Role.MUST_NOT_MOVE,
    }


@BY_EXPERIMENT
def test_six_percent_is_beyond_what_anybody_expected(project: Project, phase: Phase) -> None:
    [tracked] = project.experiments[phase.experiment].with_role(Role.SUCCESS)
    expectation = tracked.expectations["moments"]

    assert expectation.ceiling is not None
    assert expectation.high < expectation.ceiling.at < 0.06


def test_the_cohort_speaks_for_new_zealand_only(project: Project) -> None:
    assert project.experiments["moment-page-nz"].claims == "claims about New Zealand only"
