"""A/A tests, put together: definitions, a warehouse, and the deals."""

from dataclasses import replace
from pathlib import Path

from twyman.app.all_units import all_units
from twyman.app.re_randomise import Deals, ReRandomise
from twyman.app.trust import Trusted
from twyman.definitions import Project, load, load_experiment
from twyman.experiments.experiment import Experiment
from twyman.kernel.errors import NotFound, nearest
from twyman.kernel.time import Clock, system_clock
from twyman.wiring.warehouses import connected, warehouse


def trust(
    what: str | Path,
    *,
    name: str | None = None,
    folder: str | Path = ".",
    asked: Deals | None = None,
    clock: Clock = system_clock,
) -> Trusted:
    """Make A/A tests of an experiment's metrics, or of one metric over all units there are.

    Args:
        what: A YAML file with an experiment; or the name of a metric of the folder.
        name: Which experiment, where the file holds several.
        folder: Where the metric is defined.
        asked: How often to deal, and of what.
        clock: Tells the time.

    Raises:
        Invalid: If definitions or data can't be right, or nothing can be dealt.
        NotFound: If a file, a table or a name isn't there.
    """
    project, experiment = _asked(what, name, Path(folder))
    with connected(project) as over:
        ask = ReRandomise(warehouse(project, over), clock)
        return ask(experiment, project.catalogue, asked or Deals(), zone=project.zone)


def _asked(what: str | Path, name: str | None, folder: Path) -> tuple[Project, Experiment]:
    path = Path(what)
    if path.suffix.lower() in (".yaml", ".yml") or path.exists() or name:
        return load_experiment(path, name)
    project = load(folder)
    metrics = project.catalogue.metrics
    if str(what) not in metrics:
        raise NotFound(
            f"'{what}' is no definition file, and no metric of folder '{folder}' ({nearest(str(what), metrics)}): name "
            "a file, or a metric and its --folder"
        )
    catalogue, experiment = all_units(project.catalogue, str(what), alpha=project.defaults.alpha)
    return replace(project, catalogue=catalogue), experiment
