"""Everybody a metric can be measured of: by exposures of any experiment, by facts, by a table of units."""

import pytest

from twyman.app.all_units import all_units
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, OutcomeValue
from twyman.metrics.source import ExposureSource, FactSource, Source, Table, Timestamp, UnitSource

AT = Timestamp("at")
MET = ExposureSource(
    name="met", relation=Table("met"), entities={"user": "id"}, timestamp=AT, arm="arm", experiment="experiment"
)
DEVICES = ExposureSource(name="devices", relation=Table("d"), entities={"device": "id"}, timestamp=AT, arm="arm")
PLAYS = FactSource(name="plays", relation=Table("plays"), entities={"user": "id"}, timestamp=AT)
USERS = UnitSource(name="users", relation=Table("users"), arm="arm", outcomes={"y": "y"})
COUNT = Metric(name="m", kind=Mean(FactValue("plays", Aggregate.COUNT)), entity="user")
OUTCOME = Metric(name="m", kind=Mean(OutcomeValue("y")), entity="user")


def catalogue(metric: Metric, *sources: Source) -> Catalogue:
    return Catalogue({}, {one.name: one for one in sources}, {metric.name: metric})


def test_whoever_met_any_experiment_is_taken_whatever_the_arm() -> None:
    found, experiment = all_units(catalogue(COUNT, DEVICES, MET, PLAYS), "m")
    source = found.source(experiment.source, ExposureSource)

    assert (source.name, source.experiment, source.arm) == ("everybody of met", None, "'everyone'")
    assert found.sources["met"] is MET


def test_without_exposures_of_the_entity_whoever_has_facts_is_taken() -> None:
    found, experiment = all_units(catalogue(COUNT, DEVICES, PLAYS), "m")
    source = found.source(experiment.source, ExposureSource)

    assert (source.name, source.relation, source.timestamp) == ("everybody of plays", Table("plays"), AT)


def test_an_outcome_is_taken_over_its_whole_table() -> None:
    found, experiment = all_units(catalogue(OUTCOME, MET, USERS), "m", alpha=0.1)

    assert (experiment.entry, experiment.plan.alpha) == (Entry.UNITS, 0.1)
    assert found.source(experiment.source, UnitSource).arm == "'everyone'"


def test_an_outcome_that_no_table_holds_is_refused() -> None:
    with pytest.raises(Invalid, match="no table of units has y among its outcomes"):
        all_units(catalogue(OUTCOME, MET), "m")
