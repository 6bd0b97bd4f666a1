"""Spark: its own server behind Spark Connect, whose driver works alone or on a standalone cluster of two workers."""

import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.engines.server import Server, free_port, listens, missing, running

ALONE = "local[2]"
DEPLOY = "org.apache.spark.deploy"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
REGISTERED = "Successfully registered with master"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# A few thousand rows are computed faster than code for them is compiled; the driver in the test's process compiles.
SETTINGS = {
    "spark.executor.extraJavaOptions": QUICK,
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "1g",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
}


@contextmanager
def connect(folder: Path, *, master: str = ALONE) -> Generator[Server]:
    """Run a server for Spark Connect, whose driver uses a master."""
    log, port, events = folder / "connect.log", free_port(), folder / "events"
    events.mkdir()
    settings = {
        **SETTINGS,
        "spark.master": master,
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.eventLog.dir": f"file://{events}",
    }
    given = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    command = [_program("spark-submit"), *given, "--class", CONNECT, "spark-internal"]
    with running(command, log=log, ready=lambda: listens(port), env=_env(folder)), _session(port) as session:
        yield server(session, f"sc://127.0.0.1:{port}", log)


@contextmanager
def cluster(folder: Path) -> Generator[str]:
    """Run a master and two workers of one core each, and give the master's address."""
    port, program = free_port(), _program("spark-class")
    address, log, env = f"spark://127.0.0.1:{port}", folder / "master.log", _env(folder)
    master = [program, f"{DEPLOY}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    worker = [program, f"{DEPLOY}.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "1"]
    with ExitStack() as all_of_them:
        all_of_them.enter_context(running(master, log=log, ready=lambda: listens(port), env=env))
        for name in ("one", "two"):
            said, place = folder / f"worker-{name}.log", ["--memory", "1g", "--work-dir", str(folder / name)]
            command = [*worker, *place, address]
            all_of_them.enter_context(running(command, log=said, ready=lambda said=said: _says(said), env=env))
        yield address


def server(session: Any, url: str, log: Path | None) -> Server:
    """What every server of Spark Connect can do for a test."""

    def load(name: str, table: pa.Table) -> None:
        session.sql(f"DROP TABLE IF EXISTS `{name}`").collect()
        schema = ", ".join(f"`{field.name}` {kind(field.type)}" for field in table.schema)
        session.createDataFrame(table, schema=schema).write.saveAsTable(name)

    def rows(sql: str) -> list[dict[str, Any]]:
        return [row.asDict() for row in session.sql(sql).collect()]

    return Server(engine="spark", url=url, load=load, rows=rows, log=log)


def kind(arrow: pa.DataType) -> str:
    """Spark's type for one of Arrow's."""
    if pa.types.is_decimal(arrow):
        return f"decimal({arrow.precision}, {arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "timestamp" if arrow.tz else "timestamp_ntz"
    return KINDS[str(arrow)]


KINDS = {
    "bool": "boolean",
    "int32": "int",
    "int64": "bigint",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "date32[day]": "date",
}


@contextmanager
def _session(port: int) -> Generator[Any]:
    sessions = pytest.importorskip("pyspark.sql.connect.session")
    session = sessions.SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    try:
        yield session
    finally:
        session.stop()


def _says(log: Path) -> bool:
    return log.exists() and REGISTERED in log.read_text(errors="replace")


def _program(name: str) -> str:
    if (found := find_spec("pyspark")) is None or found.origin is None:
        missing("needs pyspark[connect]")
    if shutil.which("java") is None:
        missing("needs Java 17 (Debian: apt-get install openjdk-17-jre-headless)")
    return str(Path(found.origin).parent / "bin" / name)


def _env(folder: Path) -> dict[str, str]:
    """Nothing of the machine's own Spark, and no folder but the one given."""
    home = Path(_program("spark-class")).parents[1]
    return {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "SPARK_DAEMON_JAVA_OPTS": QUICK,
        "SPARK_DAEMON_MEMORY": "1g",
    }
