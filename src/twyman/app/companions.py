"""What is shown beside a metric: each step of a funnel, each point of a curve, as rows of their own."""

from twyman.app.ports import Cell, Measured
from twyman.app.results import Sight, compared_in, members_of, result
from twyman.app.trial import Trial
from twyman.app.views import Result
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.metrics.companion import companions
from twyman.metrics.metric import Metric


def beside(experiment: Experiment, metric: Metric, arm: str, measured: Measured) -> list[Result]:
    """Return one row a companion of a metric, for information: described, never decided on."""
    return [_row(experiment, companion, arm, measured) for companion in companions(metric)]


def _row(experiment: Experiment, companion: Metric, arm: str, measured: Measured) -> Result:
    trial = Trial(
        tracked=Tracked(metric=companion.name, role=Role.INFORMATION),
        metric=companion,
        arm=arm,
        taken=(),
        current=compared_in(experiment, companion, measured, arm),
    )
    control, treatment = (measured.cells.get(Cell(companion.name, name)) for name in (experiment.control.name, arm))
    return result(
        Sight(
            experiment=experiment,
            trial=trial,
            control=control,
            treatment=treatment,
            columns=measured.columns.get(companion.name, ()),
            kept=measured.kept,
            members=members_of(experiment, measured, Cell(companion.name, arm)),
        ),
        None,
    )
