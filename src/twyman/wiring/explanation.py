"""The statements that an analysis would run, put together: definitions, a warehouse, and no looks."""

from pathlib import Path

from twyman.app.explain_sql import Explained, ExplainSql
from twyman.definitions import load_experiment
from twyman.kernel.time import Clock, instant, system_clock
from twyman.warehouse.sources.past import past_statements
from twyman.wiring.warehouses import connected, warehouse


def explain(
    experiment: str | Path,
    *,
    name: str | None = None,
    as_of: str | None = None,
    costs: bool = True,
    clock: Clock = system_clock,
) -> tuple[Explained, ...]:
    """Return the statements that an analysis would run, each with its purpose and the bytes it would read.

    Nothing is written, and none of them runs, but for the one that tells from when to when the data run where the
    cut-off follows from it.

    Args:
        experiment: A YAML file.
        name: Which experiment, where the file holds several.
        as_of: The day of reading; left out, the latest look that is due.
        costs: Whether the engine is asked how much each would read.
        clock: Tells the time.

    Raises:
        Invalid: If definitions or data can't be right.
        NotFound: If a file, a table or a name isn't there.
        Conflict: If the day is still to come.
        Unavailable: If the warehouse doesn't answer.
    """
    project, found = load_experiment(Path(experiment), name)
    day = instant(as_of, zone=project.zone) if as_of is not None else None
    with connected(project) as over:
        ask = ExplainSql(
            warehouse=warehouse(project, over),
            clock=clock,
            past=lambda: past_statements(over, project.history.tables),
            neighbours=tuple(project.experiments.values()),
        )
        told = ask.costs if costs else ask
        return told(found, project.catalogue, zone=project.zone, as_of=day)
