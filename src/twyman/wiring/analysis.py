"""An analysis, put together: definitions, a warehouse that keeps its looks, and a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.telling import Telling, untold
from twyman.app.views import Answer, Verdict
from twyman.definitions import Project, load_experiment, project_of
from twyman.definitions.git_log import changes_of
from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.time import Clock, instant, system_clock
from twyman.report.frame import rows
from twyman.report.html import html
from twyman.report.json import json_text
from twyman.report.notebook import fragment
from twyman.report.terminal import text
from twyman.warehouse.connector import Connector
from twyman.wiring.history import past
from twyman.wiring.warehouses import connected, connector, looks, warehouse

VERSION = version("twyman")

_FRAMES: Mapping[str, Callable[[Any, list[dict[str, Any]]], Any]] = {
    "pandas": lambda module, tidy: module.DataFrame(tidy),
    "polars": lambda module, tidy: module.DataFrame(tidy, infer_schema_length=None),
    "pyarrow": lambda module, tidy: module.Table.from_pylist(tidy),
}
"""How each library makes a frame of tidy rows."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one analysis says, in the form you want it.

    It prints as a table, shows itself as HTML in a notebook, and is a tidy frame on request.

    Attributes:
        answer: All of it, as values.
    """

    answer: Answer

    @property
    def verdict(self) -> Verdict:
        """The verdict of the treatment that most needs attention."""
        return self.answer.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, in the shape of `--format json`."""
        return self.answer.to_dict()

    def to_json(self) -> str:
        """Return the JSON that `--format json` prints."""
        return json_text(self.answer)

    def to_html(self) -> str:
        """Return the report: one page, complete in itself."""
        return html(self.answer)

    def to_text(self, *, width: int | None = None) -> str:
        """Return what `--format table` prints, at most `width` columns wide."""
        return text(self.answer, width=width)

    def to_frame(self, library: str = "pandas") -> Any:  # noqa: ANN401 - a frame of the caller's library
        """Return a tidy frame: one row a metric, arm, segment and scale.

        Args:
            library: `pandas`, `polars` or `pyarrow`, whichever you use; it must be installed.

        Raises:
            Invalid: If the library isn't one of these, or isn't installed.
        """
        if library not in _FRAMES:
            raise Invalid(f"frame library '{library}' isn't known: {nearest(library, _FRAMES)}")
        try:
            module = import_module(library)
        except ModuleNotFoundError as error:
            raise Invalid(f"'{library}' isn't installed: pip install {library}, or name another library") from error
        return _FRAMES[library](module, rows(self.answer))

    def _repr_html_(self) -> str:
        return fragment(self.answer)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Analysis of {self.answer.experiment}: {self.verdict.action} {self.verdict.arm}>"


def analyze(
    experiment: str | Path | Mapping[str, Any],
    *,
    definitions: Sequence[Mapping[str, Any]] = (),
    name: str | None = None,
    as_of: str | datetime | None = None,
    clock: Clock = system_clock,
    told: Telling = untold,
) -> Analysis:
    """Analyse an experiment: a definition file, or the same written in code.

    Args:
        experiment: A YAML file, or an experiment in the same shape as a dictionary.
        definitions: With a dictionary: the sources and metrics it refers to. A source's `table` may be
            a path, a DuckDB relation, or a pandas, Polars or Arrow table.
        name: Which experiment, where the file holds several.
        as_of: The day of reading; left out, the latest look that is due.
        clock: Tells the time.
        told: Is told how far it has come.

    Returns:
        The analysis, with its verdict and reasons.

    Raises:
        Invalid: If definitions or data can't be right; the message names file, line and cure.
        NotFound: If a file, a table or a name isn't there.
        Conflict: If the plan changed after the first look, or the day is still to come.

    Example:
        >>> import pandas
        >>> players = pandas.DataFrame({"version": ["old", "new"] * 50, "kept": [i % 3 == 0 for i in range(100)]})
        >>> analysis = analyze(
        ...     {
        ...         "kind": "experiment", "name": "gate", "units": "players",
        ...         "arms": {"old": {"control": True}, "new": {}},
        ...         "metrics": {"retention": {"role": "success"}},
        ...     },
        ...     definitions=[
        ...         {"kind": "units", "name": "players", "table": players, "row_is_unit": True, "arm": "version",
        ...          "outcomes": ["kept"]},
        ...         {"kind": "metric", "name": "retention", "type": "proportion", "value": {"outcome": "kept"}},
        ...     ],
        ... )
        >>> analysis.verdict.action
        'end'
    """
    if isinstance(experiment, Mapping):
        project = project_of([experiment, *definitions])
        found = project.experiments[str(experiment["name"])]
    else:
        project, found = load_experiment(Path(experiment), name)
    day = instant(as_of, zone=project.zone) if as_of is not None else None
    with connected(project) as over:
        ask = use_case(project, clock=clock, told=told, over=over)
        return Analysis(ask(found, project.catalogue, zone=project.zone, as_of=day))


def use_case(
    project: Project, *, clock: Clock = system_clock, told: Telling = untold, over: Connector | None = None
) -> AnalyzeExperiment:
    """Wire the use case to the project's warehouse and its look book.

    Args:
        project: The project.
        clock: Tells the time.
        told: Is told how far it has come.
        over: The connector to its warehouse, where one is open already.
    """
    over = over or connector(project)
    book = looks(project, over)
    return AnalyzeExperiment(
        warehouse=warehouse(project, over),
        looks=book,
        clock=clock,
        version=VERSION,
        told=told,
        past=past(project, over, book),
        neighbours=tuple(project.experiments.values()),
        changes=changes_of(project.root),
    )
