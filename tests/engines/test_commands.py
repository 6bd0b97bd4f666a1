"""What a person types, on a server: a look, every experiment at once, verifying, what is kept, and its end."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from tests.engines.server import Server
from tests.engines.studio_tables import studio_on

from twyman.cli.main import main
from twyman.warehouse.connector import Keeping
from twyman.warehouse.connectors.clickhouse import ClickHouseConnector
from twyman.warehouse.connectors.postgres import PostgresConnector
from twyman.warehouse.state import accumulators, history

pytestmark = pytest.mark.engines

CONNECTORS = {"postgres": PostgresConnector, "clickhouse": ClickHouseConnector}


@pytest.fixture(params=list(CONNECTORS))
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    found: Server = request.getfixturevalue(request.param)
    monkeypatch.setenv("WAREHOUSE_URL", found.url)
    forget(found)
    return found


def forget(server: Server) -> None:
    """Drop what is kept, and all looks."""
    with closing(CONNECTORS[server.engine](server.url)) as connector:
        assert isinstance(connector, Keeping)
        for book in connector.books():
            for number, _ in connector.entries(book):
                connector.strike(book, number)
        for one in connector.kept():
            connector.drop(one.name)


@pytest.mark.parametrize("also", ["", ", refresh: incremental, concurrency: 2"])
def test_a_look_is_verified_from_rows(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], also: str
) -> None:
    root = studio_on(server, tmp_path, also=also)
    (root / "shelf.yaml").unlink()
    assert main(["analyze", "--all", str(root), "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["experiments"]) == {"page", "search"}

    assert main(["verify", str(root / "page.yaml")]) == 0

    said = capsys.readouterr().out
    assert "everything agrees" in said
    assert f"Measured now by {server.engine}" in said
    assert "Look 4, kept" in said


@pytest.mark.parametrize("most", [1, 12], ids=["put together", "in pieces"])
def test_what_was_kept_is_listed_collected_and_not_missed(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for state in (history, accumulators):
        monkeypatch.setattr(state, "MOST_TABLES", most)
    root = studio_on(server, tmp_path, also=", refresh: incremental")
    assert main(["analyze", str(root / "shelf.yaml")]) == 0
    assert main(["verify", str(root / "shelf.yaml")]) == 0
    capsys.readouterr()
    assert main(["warehouse", "tables", str(root)]) == 0
    assert "plays" in capsys.readouterr().out
    assert main(["warehouse", "gc", "--all", str(root)]) == 0
    assert main(["warehouse", "tables", str(root)]) == 0
    assert "plays" not in capsys.readouterr().out.splitlines()[-1]

    assert main(["verify", str(root / "shelf.yaml")]) == 0


def test_a_statement_is_explained_and_not_run(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = studio_on(server, tmp_path)

    assert main(["analyze", str(root / "page.yaml"), "--explain"]) == 0

    said = capsys.readouterr().out
    assert "-- statement 1 of" in said
    assert "studio_plays" in said
    assert "reads at most" in said
