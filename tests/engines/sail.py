"""Sail: Spark's language and protocol without a JVM, in a thread of the test's own process."""

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.engines import spark
from tests.engines.server import Server


@contextmanager
def started(folder: Path) -> Generator[Server]:
    """Run a server, whose data are in a folder.

    Its tables belong to a session, whose name is in the address and which outlives its clients. A client that
    says `stop()` ends that session for all: it must `client.close()`.
    """
    os.environ.setdefault("RUST_LOG", "error")
    sail = pytest.importorskip("pysail.spark")
    sessions = pytest.importorskip("pyspark.sql.connect.session")
    server = sail.SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    url = f"sc://127.0.0.1:{server.listening_address[1]}/;session_id={uuid.uuid4()}"
    session = sessions.SparkSession.builder.remote(url).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.warehouse.dir", str(folder))
    try:
        yield spark.server(session, url, None)
    finally:
        session.stop()
        server.stop()
