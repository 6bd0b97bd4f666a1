"""A studio: a folder of definitions, data beside them, and three experiments over one source of facts."""

from pathlib import Path

UNITS = 200

PROJECT = """\
kind: project
name: studio
warehouse: {{engine: duckdb, path: data/{also}}}
timezone: UTC
entities: {{user: {{type: string}}}}
"""
SOURCES = """\
kind: facts
name: plays
table: plays/*.csv
entities: {user: user_id}
timestamp: played_at
measures: {seconds: ms / 1000.0}
---
kind: exposures
name: exposures
table: exposures.csv
entities: {user: user_id}
timestamp: exposed_at
experiment: test
arm: arm
---
kind: metric
name: minutes
facts: plays
type: mean
value: {sum: seconds, scale: 1/60}
window: 2d
cuped: none
---
kind: metric
name: plays-made
facts: plays
type: mean
value: {count: "*"}
window: 3d
cuped: none
"""
EXPERIMENT = """\
kind: experiment
name: {name}
entity: user
exposures: exposures
arms: {{old: {{control: true}}, new: {{}}}}
enrol: {{from: 2024-03-01, until: 2024-03-08}}
measure_until: 2024-03-12
metrics: {{minutes: {{role: success, mde: 20%}}, plays-made: {{role: guardrail, margin: 20%}}}}
analysis: {{sequential: {{spending: obrien-fleming, looks: 3d}}, units: 400}}
"""
HEAVY = "SELECT a.* FROM read_csv('plays/*.csv') AS a " + " ".join(
    f"JOIN read_csv('plays/*.csv') AS {one} ON a.ms = {one}.ms" for one in "bcdef"
)
"""Facts that nobody lives long enough to read."""


def studio(root: Path, *, also: str = "", facts: str | None = None, looks: str = "3d") -> Path:
    """Write the folder and return it.

    Args:
        root: Where.
        also: What the project says of its warehouse besides, as in `, refresh: incremental`.
        facts: A SELECT instead of the files of facts.
        looks: How long after one another; each costs its time.
    """
    write(root / "twyman.yaml", PROJECT.format(also=also))
    sources = SOURCES if facts is None else SOURCES.replace("table: plays/*.csv", f"sql: {facts}")
    write(root / "sources.yaml", sources)
    for name in ("page", "search", "shelf"):
        write(root / f"{name}.yaml", EXPERIMENT.format(name=name).replace("looks: 3d", f"looks: {looks}"))
    data(root / "data")
    return root


def data(folder: Path) -> None:
    met = [
        f"u{unit},{name},{('old', 'new')[unit % 2]},2024-03-{1 + unit % 5:02d} 10:00:00"
        for unit in range(UNITS)
        for name in ("page", "search", "shelf")
    ]
    write(folder / "exposures.csv", "\n".join(["user_id,test,arm,exposed_at", *met, ""]))
    for day in range(1, 13):
        played = [f"u{unit},2024-03-{day:02d} 12:00:00,{(unit * 37 + day) % 11 * 1000}" for unit in range(UNITS)]
        write(folder / "plays" / f"{day:02d}.csv", "\n".join(["user_id,played_at,ms", *played, ""]))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def left(root: Path) -> list[str]:
    """Return all files of our own beside the data: tables, drafts, books and looks."""
    own = root / "data" / ".twyman"
    return sorted(str(path.relative_to(own)) for path in own.glob("**/*") if path.is_file()) if own.exists() else []
