"""One server an engine and test session, for whichever tests ask for it."""

from collections.abc import Generator

import pytest
from tests.engines import clickhouse as clickhouses, postgresql, sail as sails, spark as sparks
from tests.engines.server import Server

LIVE = ["sail", *(pytest.param(name, marks=pytest.mark.engines) for name in ("postgres", "clickhouse", "spark"))]


@pytest.fixture(scope="session")
def postgres() -> Generator[Server]:
    with postgresql.started() as server:
        yield server


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with clickhouses.started(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with sparks.connect(tmp_path_factory.mktemp("spark")) as server:
        yield server


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder = tmp_path_factory.mktemp("cluster")
    with sparks.cluster(folder) as master, sparks.connect(folder, master=master) as server:
        yield server


@pytest.fixture(scope="session")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with sails.started(tmp_path_factory.mktemp("sail")) as server:
        yield server


@pytest.fixture(params=LIVE)
def live(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)
