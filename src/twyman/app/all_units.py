"""Everybody a metric can be measured of, as one experiment without a treatment: for a metric that none follows yet.

Units enter by a source of exposures of the metric's entity, whatever they were exposed to; where there is none, by
their own first fact; and where the metric is an outcome, by the table that holds it.
"""

from dataclasses import replace

from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.plan import Plan
from twyman.kernel.errors import Invalid
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Metric, OutcomeValue
from twyman.metrics.source import ExposureSource, FactSource, UnitSource

EVERYONE = "everyone"


def all_units(catalogue: Catalogue, name: str, *, alpha: float = 0.05) -> tuple[Catalogue, Experiment]:
    """Return an experiment of everybody with one metric, and the catalogue that it refers to.

    Args:
        catalogue: Sources and metrics.
        name: The metric.
        alpha: Error of its test.

    Raises:
        NotFound: If there is no such metric.
        Invalid: If no source says whom it can be measured of.
    """
    metric = catalogue.metric(name)
    source = _by_outcome(catalogue, metric) if not metric.facts else _by_time(catalogue, metric)
    experiment = Experiment(
        name=source.name,
        arms=(Arm(EVERYONE, 0.5, control=True), Arm("nobody", 0.5)),
        tracked=(Tracked(metric=name, role=Role.INFORMATION),),
        entry=Entry.UNITS if isinstance(source, UnitSource) else Entry.EXPOSURES,
        source=source.name,
        entity=metric.entity,
        plan=Plan(alpha=alpha),
        origin=metric.origin,
    )
    return replace(catalogue, sources={**catalogue.sources, source.name: source}), experiment


def _by_outcome(catalogue: Catalogue, metric: Metric) -> UnitSource:
    wanted = {value.outcome for value in metric.values if isinstance(value, OutcomeValue)}
    for source in catalogue.sources.values():
        if isinstance(source, UnitSource) and wanted <= {*source.outcomes}:
            return replace(source, name=f"everybody of {source.name}", arm=f"'{EVERYONE}'")
    raise _nobody(metric, f"no table of units has {' and '.join(sorted(wanted))} among its outcomes")


def _by_time(catalogue: Catalogue, metric: Metric) -> ExposureSource:
    exposures = [one for one in catalogue.sources.values() if isinstance(one, ExposureSource)]
    for source in exposures:
        if metric.entity in source.entities:
            name = f"everybody of {source.name}"
            return replace(source, name=name, arm=f"'{EVERYONE}'", experiment=None)
    facts = catalogue.source(metric.facts[0], FactSource)
    if metric.entity not in facts.entities:
        raise _nobody(metric, f"neither exposures nor '{facts.name}' hold ids of '{metric.entity}'")
    return ExposureSource(
        name=f"everybody of {facts.name}",
        relation=facts.relation,
        entities=facts.entities,
        timestamp=facts.timestamp,
        arm=f"'{EVERYONE}'",
        formats=facts.formats,
        origin=facts.origin,
    )


def _nobody(metric: Metric, why: str) -> Invalid:
    return Invalid(
        f"nobody says of whom '{metric.name}' is to be measured: {why}: name an experiment's file instead",
        place=metric.origin.at("name"),
    )
