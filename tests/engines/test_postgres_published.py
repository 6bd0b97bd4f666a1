"""Every published figure that DuckDB gives, PostgreSQL gives, too: the same tests over the same files as tables."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from tests.engines.published import analysis
from tests.engines.server import Server
from tests.examples.test_published import (
    Analyze,
    published,
    test_a_healthy_data_set_raises_nothing,
    test_a_published_difference_of_means_comes_out,
    test_a_published_difference_of_proportions_comes_out,
    test_a_published_difference_of_ratios_comes_out,
    test_a_published_split_comes_out,
    test_a_survey_is_no_control_group,
    test_cdnow_windows_are_as_published,
    test_cdnow_without_covariates_is_the_plain_welch_test,
    test_sparkify_users_and_churn_are_counted_as_published,
    test_the_bot_and_the_outlier_are_named,
    test_the_free_trial_gives_its_published_rates_and_sign_tests,
    test_the_free_trial_has_as_many_page_views_and_clicks_in_both_arms,
    test_the_trap_of_a_data_set_is_named_in_its_tier,
    test_udacity_rows_are_counted_as_published,
)

from twyman.warehouse.connectors.postgres import PostgresConnector

__all__ = [
    "published",
    "test_a_healthy_data_set_raises_nothing",
    "test_a_published_difference_of_means_comes_out",
    "test_a_published_difference_of_proportions_comes_out",
    "test_a_published_difference_of_ratios_comes_out",
    "test_a_published_split_comes_out",
    "test_a_survey_is_no_control_group",
    "test_cdnow_windows_are_as_published",
    "test_cdnow_without_covariates_is_the_plain_welch_test",
    "test_sparkify_users_and_churn_are_counted_as_published",
    "test_the_bot_and_the_outlier_are_named",
    "test_the_free_trial_gives_its_published_rates_and_sign_tests",
    "test_the_free_trial_has_as_many_page_views_and_clicks_in_both_arms",
    "test_the_trap_of_a_data_set_is_named_in_its_tier",
    "test_udacity_rows_are_counted_as_published",
]

pytestmark = pytest.mark.engines


@pytest.fixture(scope="session")
def analyze(postgres: Server, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Analyze]:
    with closing(PostgresConnector(postgres.url)) as connector:
        yield analysis(postgres, connector, shared, tmp_path_factory.mktemp("published"))
