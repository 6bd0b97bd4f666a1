"""A password stands in no message, log, answer, report, look or traceback, wherever it came from, right or wrong.

PostgreSQL asks one user for it (SCRAM); the stand-in for ClickHouse asks one user, too.
"""

import logging
import traceback
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from tests.engines import clickhouse as clickhouses
from tests.engines.server import Server, free_port
from tests.engines.studio_tables import studio_on

import twyman
from twyman.cli.main import main
from twyman.definitions.project import read_path

pytestmark = pytest.mark.engines

SECRET, WRONG = clickhouses.PASSWORD, "corr3ct-horse"
USER = "asked"


def url_of(server: Server, password: str = "", *, host: str = "127.0.0.1", port: int | None = None) -> str:
    parts = urlsplit(server.url)
    told = f"{USER}:{quote(password, safe='')}" if password else USER
    return urlunsplit(parts._replace(netloc=f"{told}@{host}:{port or parts.port}"))


@pytest.fixture(scope="module")
def asking(postgres: Server) -> Generator[Server]:
    """PostgreSQL, where one user has to give a password."""
    with psycopg.connect(postgres.url, autocommit=True) as session:
        session.execute(f"CREATE ROLE {USER} LOGIN SUPERUSER PASSWORD '{SECRET}'")
        (file,) = session.execute("SHOW hba_file").fetchone() or ("",)
        rules = Path(file).read_text()
        Path(file).write_text(f"host all {USER} 127.0.0.1/32 scram-sha-256\n{rules}")
        session.execute("SELECT pg_reload_conf()")
    yield postgres
    Path(file).write_text(rules)
    with psycopg.connect(postgres.url, autocommit=True) as session:
        session.execute("SELECT pg_reload_conf()")
        session.execute(f"DROP OWNED BY {USER}; DROP ROLE {USER}")


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, tmp_path: Path) -> "Said":
    caplog.set_level(logging.DEBUG)
    return Said(capfd, caplog, tmp_path / "lab")


class Said:
    """All that was printed, logged and written to files."""

    def __init__(self, out: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture, root: Path) -> None:
        self._out, self._log, self.root = out, log, root

    def all(self) -> str:
        files = "".join(path.read_text(errors="replace") for path in sorted(self.root.glob("**/*")) if path.is_file())
        return "".join([*self._out.readouterr(), self._log.text, files])


def given(way: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str) -> str:
    """Give the password in some way, and return the url that goes with it."""
    at = urlsplit(server.url)
    if way == "a variable":
        monkeypatch.setenv("PGPASSWORD", password)
    elif way == "a file of passwords":
        file = tmp_path / "pgpass"
        file.write_text(f"127.0.0.1:{at.port}:*:{USER}:{password}\n")
        file.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(file))
    elif way == "a service":
        file = tmp_path / "services"
        file.write_text(f"[lab]\nhost=127.0.0.1\nport={at.port}\nuser={USER}\npassword={password}\ndbname=postgres\n")
        monkeypatch.setenv("PGSERVICEFILE", str(file))
        return "postgresql:///?service=lab"
    return url_of(server, password if way == "the url" else "")


@pytest.mark.parametrize(
    ("engine", "way"),
    [
        ("postgres", "the url"),
        ("postgres", "a variable"),
        ("postgres", "a file of passwords"),
        ("postgres", "a service"),
        ("clickhouse", "the url"),
    ],
)
def test_a_password_that_is_right_opens_and_is_seen_nowhere(
    asking: Server,
    clickhouse: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: Said,
    engine: str,
    way: str,
) -> None:
    server = asking if engine == "postgres" else clickhouse
    root = studio_on(server, said.root)
    monkeypatch.setenv("WAREHOUSE_URL", given(way, server, tmp_path, monkeypatch, SECRET))

    for form in ("json", "html") if way == "the url" else ("json",):
        out = str(root / f"answer.{form}")
        assert main(["analyze", str(root / "page.yaml"), "--format", form, "--output", out]) == 0

    assert SECRET not in said.all() + repr(read_path(root).project)
    looks = "SELECT document FROM twyman.books"
    assert not any(SECRET in row["document"] for row in server.rows(looks))


CLOSED = "a port where nobody listens"
REFUSALS = {
    "a wrong password": "refuses the user or the password",
    CLOSED: "nobody listens",
    "a host that isn't there": "its host isn't known",
}


@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("engine", ["postgres", "clickhouse"])
def test_a_door_that_stays_shut_repeats_no_password(
    asking: Server, clickhouse: Server, monkeypatch: pytest.MonkeyPatch, said: Said, engine: str, case: str
) -> None:
    server = asking if engine == "postgres" else clickhouse
    root = studio_on(server, said.root)
    host = "no-such-host.invalid" if case == "a host that isn't there" else "127.0.0.1"
    port = free_port() if case == CLOSED else None
    monkeypatch.setenv("WAREHOUSE_URL", url_of(server, WRONG, host=host, port=port))

    assert main(["verify", str(root / "page.yaml")]) == 6
    with pytest.raises(twyman.TwymanError, match=REFUSALS[case]) as error:
        twyman.analyze(root / "page.yaml")

    told = said.all() + repr(error.value)
    assert not [one for one in (WRONG, f"{USER}@") if one in told]
    assert not [one for one in (USER, "no-such-host", "127.0.0.1") if one in repr(error.value)]
    assert WRONG not in "".join(in_full(error.value))


def in_full(error: BaseException) -> Generator[str]:
    """A traceback with what each variable held, as tools that report errors write it."""
    yield from traceback.TracebackException.from_exception(error, capture_locals=True).format()


def test_a_password_that_libpq_was_given_is_not_repeated_either(
    asking: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    root = studio_on(asking, said.root)
    for way in ("a variable", "a file of passwords", "a service"):
        with monkeypatch.context() as patch:
            patch.setenv("WAREHOUSE_URL", given(way, asking, tmp_path, patch, WRONG))
            assert main(["analyze", str(root / "page.yaml")]) == 6

    assert WRONG not in said.all()


def test_a_password_in_a_definition_is_refused_and_not_repeated(postgres: Server, said: Said) -> None:
    root = studio_on(postgres, said.root, url=f'"postgresql://{USER}:$SECRET_OF_OURS@127.0.0.1/postgres"')
    (root / "twyman.yaml").write_text((root / "twyman.yaml").read_text().replace("$SECRET_OF_OURS", WRONG))

    assert main(["check", str(root)]) == 2

    (root / "twyman.yaml").unlink()
    assert WRONG not in said.all()
