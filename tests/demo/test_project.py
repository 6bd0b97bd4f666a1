"""The definition files that the demo writes, as the loader reads them."""

from datetime import timedelta

import pytest

from twyman.definitions import Project, load
from twyman.demo.files import write_definitions
from twyman.demo.phase import PHASES, WINDOW_DAYS, Phase
from twyman.experiments.experiment import Role

BY_EXPERIMENT = pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.experiment)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    write_definitions(folder)
    return load(folder)


def test_the_project_holds_both_experiments(project: Project) -> None:
    assert set(project.experiments) == {phase.experiment for phase in PHASES}


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
