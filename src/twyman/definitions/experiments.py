"""Documents of experiments into the core's values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from twyman.definitions.arms import Split, arms, split_of
from twyman.definitions.experiment_documents import ExperimentDocument
from twyman.definitions.flag_set.state import FlagReading
from twyman.definitions.node import Mapped
from twyman.definitions.overrides import overrides
from twyman.definitions.plans import Calendar, Defaults, plan
from twyman.definitions.populations import Populations
from twyman.definitions.sign_offs import SignOffs
from twyman.definitions.subject import Subject
from twyman.definitions.terms import moment
from twyman.definitions.tracked import goal, tracked
from twyman.experiments.experiment import Entry, Experiment, Role
from twyman.experiments.rule import rule_of
from twyman.experiments.sign_off import SignOff
from twyman.flags.flag import Flag, Rule
from twyman.kernel.errors import Invalid, nearest
from twyman.metrics.catalogue import SOURCE_WORDS, Catalogue
from twyman.metrics.metric import Direction, Metric, OutcomeValue, facts_of
from twyman.metrics.source import AggregateSource, ExposureSource, Source, UnitSource

_KIND_OF: Mapping[Entry, type[Source]] = {
    Entry.EXPOSURES: ExposureSource,
    Entry.UNITS: UnitSource,
    Entry.AGGREGATES: AggregateSource,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentSurroundings:
    """What an experiment is read among.

    Attributes:
        broken: Names of sources and metrics that stand in the files and couldn't be read.
        flags: Those that could be read.
        teams: Members by team, as far as the project names them.
    """

    catalogue: Catalogue
    broken: frozenset[str] = frozenset()
    flags: FlagReading = field(default_factory=FlagReading)
    zone: str = "UTC"
    defaults: Defaults = field(default_factory=Defaults)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def experiment(
    document: ExperimentDocument, node: Mapped, subject: Subject, among: ExperimentSurroundings
) -> Experiment | None:
    """Make an experiment of its document and node; what is wrong with it is noted with the subject."""
    return _Reader(document, node, subject, among).read()


@dataclass(frozen=True, slots=True)
class _Reader:
    document: ExperimentDocument
    node: Mapped
    subject: Subject
    among: ExperimentSurroundings

    def read(self) -> Experiment | None:
        document = self.document

        entry, name = self._entry()
        source = self._source(entry, name)
        entity = self._entity(source)
        self._refuse_later()
        who = self._populations(entry)
        by = who.randomised_by(entity, source)
        single, crossed = who.dimensions(source)
        start, until, end = self._times()
        made_arms = arms(document, self.subject, self._split(source, by or entity))
        treatments = tuple(arm.name for arm in made_arms if not arm.control)
        measured = tuple(
            tracked(metric, written, treatments, self._direction(metric), self.subject)
            for metric, written in document.metrics.items()
        )
        self._check_metrics(entry, source, entity)
        success = tuple(each.metric for each in measured if each.role is Role.SUCCESS)
        decide = goal(document.decide, success, self.subject)
        made_plan = plan(document.analysis, self.subject, self.among.defaults, Calendar(self.among.zone, start, end))
        try:
            return Experiment(
                name=document.name,
                arms=made_arms,
                tracked=measured,
                entry=entry,
                source=name,
                key=self._key(),
                title=document.title or "",
                owner=document.owner or "",
                entity=entity,
                randomised_by=by,
                enrol_from=start,
                enrol_until=until,
                measure_until=end,
                hypothesis=(document.hypothesis or "").strip(),
                decide=decide,
                strata=who.strata(source),
                dimensions=single,
                crossed=crossed,
                trigger=who.trigger(),
                exclude=who.excluded(),
                population=who.population(),
                claims=self._claims(),
                delivery=who.delivery(),
                assignments=who.assignments(),
                change=(document.change or "").strip(),
                signed=self._signed(treatments, start),
                flag=document.flag or "",
                surface=document.surface or "",
                sealed=document.sealed,
                overrides=overrides(document, self.subject, self.among.teams),
                plan=made_plan,
                origin=self.subject.origin,
            )
        except Invalid as error:
            self.subject.adopt("", error)
            return None

    def _signed(self, treatments: tuple[str, ...], start: datetime | None) -> tuple[SignOff, ...]:
        return SignOffs(
            document=self.document,
            subject=self.subject,
            treatments=treatments,
            start=start,
            zone=self.among.zone,
            teams=self.among.teams,
        ).read()

    def _refuse_later(self) -> None:
        document, later = self.document, "isn't available in this version"
        if document.type == "switchback" or document.design is not None:
            self.subject.refuse(
                "design" if document.design is not None else "type",
                f"a switchback {later}, and read as an A/B test its intervals would be too narrow: analyse elsewhere",
            )

    def _populations(self, entry: Entry) -> Populations:
        among = self.among
        return Populations(
            document=self.document,
            node=self.node,
            subject=self.subject,
            catalogue=among.catalogue,
            flags=among.flags,
            entry=entry,
            broken=among.broken,
            zone=among.zone,
        )

    def _key(self) -> str:
        key = self.document.key
        if key is None:
            return self.document.name
        return str(key).lower() if isinstance(key, bool) else str(key)

    def _entry(self) -> tuple[Entry, str]:
        said = [(entry, name) for entry in Entry if (name := getattr(self.document, entry.value)) is not None]
        if len(said) == 1:
            return said[0]
        has = "several of them" if said else "none of them"
        self.subject.refuse(
            said[1][0].value if said else "",
            f"an experiment enters by exposures, units or aggregates, and this one says {has}: name one source",
        )
        return Entry.EXPOSURES, ""

    def _source(self, entry: Entry, name: str) -> Source | None:
        catalogue, kind = self.among.catalogue, _KIND_OF[entry]
        found = catalogue.sources.get(name)
        if isinstance(found, kind):
            return found
        if name and name not in self.among.broken:
            word = SOURCE_WORDS[kind]
            known = [other for other, each in catalogue.sources.items() if isinstance(each, kind)]
            self.subject.refuse(entry.value, f"source '{name}' of kind {word} isn't defined: {nearest(name, known)}")
        return None

    def _entity(self, source: Source | None) -> str:
        """The entity said, else the only one that the source has an id of."""
        entity, known = self.document.entity, self.among.catalogue.entities
        if entity is not None and known and entity not in known:
            self.subject.refuse(
                "entity", f"entity '{entity}' isn't in the project's entities: {nearest(entity, known)}"
            )
            return entity
        ids = source.entities if isinstance(source, ExposureSource | UnitSource) else None
        if not ids:
            return entity or ""
        if entity is None and len(ids) > 1:
            self.subject.refuse(
                "", f"'{self.document.name}' could be analysed by {' or '.join(ids)}: say which by entity"
            )
        if entity is not None and entity not in ids:
            self.subject.refuse("entity", f"its source holds no id of entity '{entity}': {nearest(entity, ids)}")
        return entity or next(iter(ids))

    def _times(self) -> tuple[datetime | None, datetime | None, datetime | None]:
        enrol = self.document.enrol
        return (
            self._time("enrol.from", enrol.start if enrol else None),
            self._time("enrol.until", enrol.until if enrol else None),
            self._time("measure_until", self.document.measure_until),
        )

    def _time(self, path: str, written: str | None) -> datetime | None:
        if written is None:
            return None
        return self.subject.attempt(path, lambda text: moment(text, self.among.zone), written, None)

    def _split(self, source: Source | None, entity: str) -> Split | None:
        """The shares of the flag's rule for this experiment; what doesn't fit together is remarked on."""
        name, flags = self.document.flag, self.among.flags
        if name is None or not flags.state.flags or (name in flags.state.flags and name not in flags.flags):
            return None  # a broken flag says itself what is wrong
        flag = flags.flags.get(name)
        if flag is None:
            self.subject.remark("flag", f"flag '{name}' isn't in this folder: {nearest(name, flags.state.flags)}")
            return None
        rule = rule_of(flag, self._key()) or rule_of(flag, self.document.name)
        if rule is None:
            known = nearest(self._key(), [each.name for each in flag.rules])
            self.subject.remark(
                "flag",
                f"flag '{name}' has no rule for '{self._key()}', so shares are taken as they stand here: {known}",
            )
            return None
        self._compare(flag, rule, source, entity)
        return split_of(rule)

    def _compare(self, flag: Flag, rule: Rule, source: Source | None, entity: str) -> None:
        logged = rule.experiment or f"{flag.name}.{rule.name}"
        if logged != self._key():
            self.subject.remark(
                "flag",
                f"rule '{rule.name}' of flag '{flag.name}' logs its exposures under '{logged}', and this experiment "
                f"looks for '{self._key()}': add experiment: {self._key()} to the rule, or key: {logged} here",
            )
        ids = source.entities if isinstance(source, ExposureSource) else dict[str, str]()
        others = [other for other, column in ids.items() if other != entity and column == rule.by]
        if rule.by and others and ids.get(entity) != rule.by:
            self.subject.remark(
                "flag",
                f"rule '{rule.name}' of flag '{flag.name}' deals out by '{rule.by}', which is each {others[0]}, and "
                f"this experiment compares each {entity}: randomise and analyse the same, or intervals are too narrow",
            )

    def _direction(self, metric: str) -> Direction:
        found = self.among.catalogue.metrics.get(metric)
        return found.direction if found else Direction.INCREASE

    def _check_metrics(self, entry: Entry, source: Source | None, entity: str) -> None:
        if not self.document.metrics:
            self.subject.refuse(
                "metrics", "it measures nothing, so nothing could be decided: add a metric and its role"
            )
        for name in self.document.metrics:
            found = self.among.catalogue.metrics.get(name)
            if found is not None:
                self._check_metric(found, entry, source, entity)
            elif name not in self.among.broken:
                self.subject.refuse(
                    f"metrics.{name}", f"metric '{name}' isn't defined: {nearest(name, self.among.catalogue.metrics)}"
                )

    def _check_metric(self, metric: Metric, entry: Entry, source: Source | None, entity: str) -> None:
        path = f"metrics.{metric.name}"
        if entity and metric.entity and entity != metric.entity:
            self.subject.refuse(
                path,
                f"metric '{metric.name}' is a number per {metric.entity}, and this experiment compares each {entity}: "
                "use a metric of that entity",
            )
        for value in metric.values:
            if bool(facts_of(value)) != (entry is Entry.EXPOSURES):
                reads = "facts after exposure" if facts_of(value) else "an outcome of a table of units"
                self.subject.refuse(
                    path, f"metric '{metric.name}' reads {reads}, which {entry.value} don't hold: use one that they do"
                )
            elif isinstance(value, OutcomeValue):
                self._check_outcome(metric, value, source)

    def _check_outcome(self, metric: Metric, value: OutcomeValue, source: Source | None) -> None:
        match source:
            case UnitSource():
                known = source.outcomes
            case AggregateSource():
                known = source.columns
            case _:
                return
        if value.outcome not in known:
            self.subject.refuse(
                f"metrics.{metric.name}",
                f"metric '{metric.name}' reads '{value.outcome}', no outcome of '{source.name}': "
                f"{nearest(value.outcome, known)}",
            )
        if isinstance(source, UnitSource) and metric.adjustment:
            for name in metric.adjustment.covariates:
                if name not in source.covariates:
                    self.subject.refuse(
                        f"metrics.{metric.name}",
                        f"metric '{metric.name}' is adjusted by '{name}', no covariate of '{source.name}': "
                        f"{nearest(name, source.covariates)}",
                    )

    def _claims(self) -> str:
        return (self.document.population.say or "").strip() if self.document.population else ""
