"""What a project knows of its past: results written in its files, those of its tables, and its own finished looks."""

from collections.abc import Callable
from functools import cache

from twyman.app.finished import finished
from twyman.app.ports import LookBook
from twyman.definitions import Project
from twyman.experiments.history import PastResult
from twyman.warehouse.connector import Connector
from twyman.warehouse.sources.past import past_results


def past(project: Project, over: Connector, book: LookBook) -> Callable[[], tuple[PastResult, ...]]:
    """Return what tells a project's past results; it reads them when it is first asked, and once.

    A result that files or tables hold already isn't taken from looks again.

    Args:
        project: The project.
        over: The connector to its warehouse.
        book: The looks of its experiments.
    """

    @cache
    def told() -> tuple[PastResult, ...]:
        known = (*project.history.results, *past_results(over, project.history.tables))
        named = {one.experiment for one in known}
        others = [one for one in project.experiments.values() if one.name not in named]
        return (*known, *finished(others, project.catalogue, book))

    return told
