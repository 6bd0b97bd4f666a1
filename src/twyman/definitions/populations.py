"""Who is analysed: the trigger, the segments left out, the criteria of the population, the dimensions."""

from dataclasses import dataclass

from twyman.definitions.adjustments import attribute_names
from twyman.definitions.experiment_documents import ExperimentDocument
from twyman.definitions.flag_set.state import FlagReading
from twyman.definitions.flag_set.targeting import Targeting
from twyman.definitions.node import Mapped
from twyman.definitions.subject import Subject
from twyman.experiments.delivery import Delivery
from twyman.experiments.experiment import Entry
from twyman.experiments.population import Counterfactual, Excluded, Trigger, attributes_of, unanswerable
from twyman.flags.targeting import All, Expression, InSegment, Not, Some
from twyman.kernel.errors import Invalid, nearest
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Mean, Proportion, Ratio, Retention
from twyman.metrics.source import AggregateSource, AttributeSource, ExposureSource, FactSource, Source, UnitSource

_BY_CLUSTER = (Mean, Proportion, Ratio, Retention)
"""Kinds of metric whose variance is known from sums over clusters."""


@dataclass(frozen=True, slots=True)
class Populations:
    """Reads who is analysed.

    Attributes:
        broken: Names of definitions that stand in the files and couldn't be read.
    """

    document: ExperimentDocument
    node: Mapped
    subject: Subject
    catalogue: Catalogue
    flags: FlagReading
    entry: Entry
    broken: frozenset[str] = frozenset()
    zone: str = "UTC"

    def trigger(self) -> Trigger | None:
        """Return the fact from which on units are analysed."""
        written = self.document.trigger
        if written is None or not self._dated("trigger", "take its rows as they are"):
            return None
        if not isinstance(self.catalogue.sources.get(written.facts), FactSource) and written.facts not in self.broken:
            known = [name for name, each in self.catalogue.sources.items() if isinstance(each, FactSource)]
            self.subject.refuse(
                "trigger.facts", f"facts '{written.facts}' isn't defined: {nearest(written.facts, known)}"
            )
        return Trigger(facts=written.facts, where=written.where, counterfactual=Counterfactual(written.counterfactual))

    def delivery(self) -> Delivery | None:
        """Return the facts that show that a unit met the change."""
        written = self.document.delivery
        if written is None or not self._dated("delivery", "look for it in the table's own columns"):
            return None
        if not isinstance(self.catalogue.sources.get(written.facts), FactSource) and written.facts not in self.broken:
            known = [name for name, each in self.catalogue.sources.items() if isinstance(each, FactSource)]
            self.subject.refuse(
                "delivery.facts", f"facts '{written.facts}' isn't defined: {nearest(written.facts, known)}"
            )
        return Delivery(written.facts, written.where)

    def assignments(self) -> str:
        """Return the source of what was assigned before exposure; empty for none."""
        written = self.document.assignments
        if written is None or not self._dated("assignments", "count them yourself"):
            return ""
        if not isinstance(self.catalogue.sources.get(written), ExposureSource) and written not in self.broken:
            known = [name for name, each in self.catalogue.sources.items() if isinstance(each, ExposureSource)]
            self.subject.refuse(
                "assignments", f"source '{written}' of kind exposures isn't defined: {nearest(written, known)}"
            )
        return written

    def excluded(self) -> tuple[Excluded, ...]:
        """Return the segments whose units are left out."""
        written = self.document.exclude or []
        if written and not self._dated("exclude", "leave rows out by the source's where"):
            return ()
        made = list[Excluded]()
        for at, name in enumerate(written):
            path = f"exclude.{at}"
            if name in written[:at]:
                self.subject.refuse(path, f"segment '{name}' is left out twice: name it once")
                continue
            when = self.subject.attempt(path, self._criteria, name, None)
            if when is not None and self._answerable(path, f"segment '{name}'", when):
                made.append(Excluded(name, when))
        return tuple(made)

    def population(self) -> Expression | None:
        """Return the criteria that whoever is analysed meets."""
        population = self.node.get("population")
        node = population.get("where") if isinstance(population, Mapped) else None
        if node is None or not self._dated("population.where", "leave rows out by the source's where"):
            return None
        before, targeting = len(self.subject.errors), Targeting(self.subject, self.zone)
        read = targeting.expression(node, "population.where")
        if len(self.subject.errors) > before:
            return None
        when = self.subject.attempt("population.where", self._written_out, read, None)
        if when is None or not self._answerable("population.where", "its population", when):
            return None
        return when

    def dimensions(self, source: Source | None) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return the attributes to break down by one at a time, and the combinations of several."""
        single, crossed = list[str](), list[tuple[str, ...]]()
        for at, each in enumerate(self.document.dimensions or []):
            path = f"dimensions.{at}"
            if isinstance(each, str):
                self._check(path, each, source)
                single.append(each)
                continue
            if len(each) < 2 or len({*each}) < len(each):
                said = ", ".join(each)
                self.subject.refuse(
                    path, f"a combination is of several different attributes, and [{said}] isn't: correct it"
                )
            for below, name in enumerate(each):
                self._check(f"{path}.{below}", name, source)
            crossed.append(tuple(each))
        return tuple(single), tuple(crossed)

    def strata(self, source: Source | None) -> tuple[str, ...]:
        """Return the attributes within which arms are compared."""
        for at, name in enumerate(self.document.strata or []):
            self._check(f"strata.{at}", name, source)
        return tuple(self.document.strata or ())

    def _check(self, path: str, name: str, source: Source | None) -> None:
        """Note an attribute that isn't known before exposure."""
        key = path.partition(".")[0]
        if isinstance(source, UnitSource) and name in source.outcomes:
            self.subject.refuse(
                path,
                f"'{name}' is an outcome, and units may only be told apart by what was known before: use a covariate",
            )
        elif isinstance(source, ExposureSource):
            self._check_attribute(path, name)
        elif isinstance(source, AggregateSource):
            self.subject.refuse(path, f"counts per arm can't be broken down by '{name}': leave {key} out")

    def _check_attribute(self, path: str, name: str, asked: str = "") -> None:
        full = attribute_names(self.catalogue.sources)
        if name in full or self.broken:  # what couldn't be read may be the source that is missed here
            return
        owners = [each for each in full if each.rpartition(".")[2] == name]
        if not owners:
            hint = nearest(name, {each.rpartition(".")[2] for each in full})
            self.subject.refuse(path, f"attribute '{name}'{asked} isn't defined by any source of attributes: {hint}")
        elif len(owners) > 1:
            where = " and ".join(f"'{owner}'" for owner in owners)
            self.subject.refuse(path, f"attribute '{name}'{asked} could be {where}: write it in full")

    def randomised_by(self, entity: str, source: Source | None) -> str:
        """Return what was randomised, where it isn't the entity itself."""
        by = self.document.randomised_by
        if by is None or by == entity:
            return ""
        if not self._dated("randomised_by", f"analyse by entity: {by}"):
            return ""
        known = self.catalogue.entities
        if known and by not in known:
            self.subject.refuse("randomised_by", f"entity '{by}' isn't in the project's entities: {nearest(by, known)}")
        elif isinstance(source, ExposureSource) and by not in source.entities and not self._linked(entity, by):
            self.subject.refuse(
                "randomised_by",
                f"nothing says which {by} each {entity} is of: add its column to entities of '{source.name}', "
                "or a source of attributes with both ids",
            )
        self._refuse_beside_clusters(by)
        return by

    def _refuse_beside_clusters(self, by: str) -> None:
        for name in self.document.metrics:
            metric = self.catalogue.metrics.get(name)
            if metric is not None and not isinstance(metric.kind, _BY_CLUSTER):
                self.subject.refuse(
                    f"metrics.{name}",
                    f"metric '{name}' is a {type(metric.kind).__name__.lower()}, which has no variance by cluster yet: "
                    f"use a mean, a share or a ratio, or analyse by entity: {by}",
                )

    def _linked(self, entity: str, by: str) -> bool:
        sources = self.catalogue.sources.values()
        return any(isinstance(each, AttributeSource) and {entity, by} <= {*each.entities} for each in sources)

    def _dated(self, path: str, cure: str) -> bool:
        if self.entry is Entry.EXPOSURES:
            return True
        self.subject.refuse(path, f"'{path}' needs exposures, and this experiment enters by {self.entry.value}: {cure}")
        return False

    def _criteria(self, name: str) -> Expression:
        """Return a segment's criteria, with the segments that it leans on written out."""
        segments = self.flags.state.segments
        if name not in segments:
            raise Invalid(f"segment '{name}' isn't defined: {nearest(name, segments)}")
        if segments[name].claims or name in self.flags.wanted.draws or self._in_group(name):
            raise Invalid(
                f"segment '{name}' is a share of units (allocation), and attributes don't tell who is in it: "
                "name a segment of criteria only"
            )
        when = segments[name].when
        if when is None:
            raise Invalid(f"segment '{name}' is everybody, and nobody would be left: give it criteria")
        return self._written_out(when)

    def _in_group(self, name: str) -> bool:
        return any(name in group.claims for group in self.flags.wanted.groups.values())

    def _written_out(self, when: Expression) -> Expression:
        match when:
            case InSegment(name):
                return self._criteria(name)
            case All(parts):
                return All(tuple(map(self._written_out, parts)))
            case Some(parts):
                return Some(tuple(map(self._written_out, parts)))
            case Not(part):
                return Not(self._written_out(part))
            case _:
                return when

    def _answerable(self, path: str, what: str, when: Expression) -> bool:
        why = unanswerable(when)
        if why is not None:
            self.subject.refuse(
                path, f"{what} {why}: make it a truth among the columns of a source of attributes, and ask that"
            )
            return False
        for name in attributes_of(when):
            self._check_attribute(path, name, f", which {what} asks about,")
        return True
