"""What several rooms' tests need: the folder of public experiments and oracles beside the project, and live engines.

Engines are fixtures that run as long as the test session, each started when a test first asks for it, on a free
port of the loopback; each gives a `tests.engines.server.Server`: how to connect (`url`), `load(name, arrow_table)`,
`rows(sql)` through the engine's own driver.

    postgres        PostgreSQL as installed; `postgresql://postgres@127.0.0.1:…/postgres`
    clickhouse      chdb's engine behind HTTP, for the driver clickhouse-connect; `clickhouse://default@127.0.0.1:…/default`
    spark           Spark alone on two threads, behind Spark Connect; `sc://127.0.0.1:…`
    spark_cluster   the same on a standalone master with two workers of one core; `sc://127.0.0.1:…`
    sail            Spark's language without a JVM, in this process; `sc://127.0.0.1:…/;session_id=…`
    live            each of sail, postgres, clickhouse and spark in turn

Sail is quick and belongs to `make test`. A test that asks for another is marked `engines` (`live` marks its own),
and `make test-engines` runs it. Where a program or package is missing, such a test is skipped and says what it
needs; with TWYMAN_ENGINES=required, as there, it fails. When a test fails, its server's last words are shown.

Clients of Sail share one session, in which its tables are: they leave by `client.close()`, never by `stop()`.
"""

import gc
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.engines.fixtures import clickhouse, live, postgres, sail, spark, spark_cluster
from tests.engines.server import Server, tail

__all__ = ["clickhouse", "live", "postgres", "sail", "spark", "spark_cluster"]

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of public data sets and oracles; a user's checkout hasn't got it."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder of public data sets and oracles (../shared), which isn't part of the repository")
    return SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the servers of a failed test said last."""
    report = yield
    if report.failed:
        used: dict[str, Any] = getattr(item, "funcargs", {})
        for server in {id(one): one for one in used.values() if isinstance(one, Server)}.values():
            if server.log is not None:
                report.sections.append((f"last words of {server.engine} ({server.log})", tail(server.log)))
    return report


def pytest_collection_finish() -> None:
    """Let the collector come seldom: statements are trees by the ten thousand, and hold no cycles."""
    gc.set_threshold(50_000, 20, 50)
