"""Where whole clusters were drawn (households): who met what with whom, and moments with the cluster as their unit.

A cluster of which two arms were met is in neither, with all its units. Of each other cluster values are summed
up over its units; its moments are those of the sums and of its size, and covariates are its averages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from twyman.experiments.experiment import Experiment
from twyman.kernel.errors import Invalid
from twyman.warehouse.language.syntax import alias, call, column, count_rows, number, select, table, text, when
from twyman.warehouse.model import (
    CELLS,
    CLUSTERS,
    KNOWN,
    MATURED,
    MEMBERS,
    PART,
    MetricColumns,
    MomentColumn,
    Part,
)
from twyman.warehouse.sources.rows import as_text
from twyman.warehouse.statement.cells import cells
from twyman.warehouse.units.entering import MET
from twyman.warehouse.units.exposures import EXPOSED_AT, Exposures, exposure_parts
from twyman.warehouse.units.links import Link, Links

EACH, LINKED, CLUSTERS_MET, SUMS = "each_unit_met", "linked_units", "clusters_met", "cluster_sums"


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was drawn, where several units were drawn together.

    Attributes:
        link: Which cluster each unit is of, where exposures don't say.
    """

    exposures: Exposures
    link: Link | None

    def met_parts(self) -> list[Part]:
        """Return the parts from rows of exposures to what each unit met, and the units drawn with it."""
        by, met = self.exposures.question.experiment.randomised_by, EACH if self.link is None else LINKED
        parts = exposure_parts(self.exposures, EACH)
        if self.link is not None:
            parts.append((LINKED, self._linked(self.link), f"Each unit's {by}, as attributes say it."))
        members = exp.Column(this=exp.Star(**{"replace": [self._crossed(met)]}), table=exp.to_identifier(met))
        same = exp.EQ(this=column("cluster", met), expression=column("cluster", CLUSTERS_MET))
        together = select(members).from_(table(met)).join(table(CLUSTERS_MET), on=same, join_type="left")
        return [
            *parts,
            (CLUSTERS_MET, self._clusters(met), f"What each {by} met."),
            (MET, together, f"A unit has crossed where anybody of its {by} has."),
        ]

    def _linked(self, link: Link) -> exp.Select:
        unit = as_text(column("unit", EACH), self.exposures.id_kind)
        everything = exp.Column(this=exp.Star(), table=exp.to_identifier(EACH))
        owner = column("owner", link.part)
        query = select(everything, alias(owner, "cluster"), alias(exp.false(), "moved")).from_(table(EACH))
        same = exp.EQ(this=unit, expression=column("owned", link.part))
        return query.join(table(link.part), on=same, join_type="left")

    def _crossed(self, met: str) -> exp.Expr:
        return alias(exp.Or(this=column("crossed", met), expression=column("crossed", CLUSTERS_MET)), "crossed")

    def _clusters(self, met: str) -> exp.Select:
        arm = column("arm")
        differ = exp.NEQ(this=call("min", arm), expression=call("max", arm.copy()))
        crossed = exp.or_(differ, exp.GT(this=call("count_if", column("crossed")), expression=number(0)))
        return (
            select(
                column("cluster"),
                alias(call("first_by", arm.copy(), column(EXPOSED_AT)), "arm"),
                alias(crossed, "crossed"),
            )
            .from_(table(met))
            .where(_given("arm"), _given("cluster"))
            .group_by(column("cluster"))
        )

    def cell_parts(self, made: Sequence[MetricColumns], units: str, held: Sequence[str]) -> list[Part]:
        """Return the parts from one row a unit to moments of clusters.

        Args:
            made: What each metric holds in the table of units.
            units: The table of units.
            held: Columns of dimensions: a cluster counts in each of its units' values.
        """
        groups = [("arm", "exposed_on", *held)]
        made_of = self.columns(made)
        return [
            (SUMS, self._sums(made, units, held), "One row a cluster, and one for each value of a dimension in it."),
            (CELLS, cells(made_of, units=SUMS, groups=groups, clustered=True), "Moments of clusters, by arm and day."),
        ]

    def columns(self, made: Sequence[MetricColumns]) -> list[MetricColumns]:
        """Return what each metric holds of a cluster: the sum and the size, or the two sums of a ratio."""
        return [replace(one, columns=self._columns(one), own=2) for one in made]

    def _columns(self, one: MetricColumns) -> tuple[MomentColumn, ...]:
        if one.own == 2:
            return one.columns
        value, *covariates = one.columns
        return (value, MomentColumn("size", value.value), *covariates)

    def _sums(self, made: Sequence[MetricColumns], units: str, held: Sequence[str]) -> exp.Select:
        """Return the sums of each cluster; a cluster enters on the day of its first unit."""
        alone = [exp.Is(this=column(name, units), expression=exp.null()) for name in held]
        first = call("min", column("exposed_on", units))
        query = select(
            alias(column("cluster", units), "unit"),
            column("arm", units),
            *(column(name, units) for name in held),
            alias(when(exp.and_(*alone), first) if alone else first, "exposed_on"),
            alias(count_rows(), MEMBERS),
        )
        for one in made:
            query = query.select(*self._summed(one, units))
        query = query.from_(table(units))
        own = [column("cluster", units), column("arm", units)]
        if not held:
            return query.group_by(*own)
        sets = [own, *([*own, column(name, units)] for name in held)]
        grouped = [exp.Tuple(expressions=[each.copy() for each in one]) for one in sets]
        query.set("group", exp.Group(expressions=[exp.GroupingSets(expressions=grouped)]))
        return query

    def _summed(self, one: MetricColumns, units: str) -> list[exp.Expr]:
        name = one.metric.name
        counted = exp.Count(this=column(one.held(one.columns[0]), units))
        some = exp.GT(this=counted.copy(), expression=number(0))
        made = [alias(call("sum", column(one.held(each), units)), one.held(each)) for each in one.columns[: one.own]]
        if one.own == 1:
            made.append(alias(when(some, counted.copy()), f"{name} size"))
        made += [alias(call("favg", column(one.held(each), units)), one.held(each)) for each in one.columns[one.own :]]
        made.append(alias(counted, f"{name} {MEMBERS}"))
        for truth, given in ((MATURED, one.matured), (KNOWN, one.known)):
            if given is not None:
                made.append(alias(call("count_if", column(f"{name} {truth}", units)), f"{name} {truth}"))
        return made

    def answers(self) -> list[exp.Query]:
        """Return the part of the answer that counts clusters by what they met, and units by what is known of theirs."""
        by_cluster = select(
            alias(text(CLUSTERS), PART), column("arm"), column("crossed"), alias(count_rows(), "units")
        ).from_(table(CLUSTERS_MET))
        moved = call("count_if", self._moved())
        lost = call("count_if", exp.Is(this=column("cluster"), expression=exp.null()))
        by_unit = select(alias(text(MEMBERS), PART), alias(moved, "units"), alias(lost, "without_unit"))
        return [
            by_cluster.group_by(column("arm"), column("crossed")),
            by_unit.from_(table(MET)).where(_given("arm")),
        ]

    def _moved(self) -> exp.Expr:
        if self.link is not None:
            return column("moved")
        return exp.NEQ(this=column("lowest_cluster"), expression=column("highest_cluster"))


def _given(name: str) -> exp.Expr:
    return exp.Not(this=exp.Is(this=column(name), expression=exp.null()))


def clustered(exposures: Exposures, links: Links) -> Clusters | None:
    """Return what was drawn, where it isn't the unit itself.

    Raises:
        Invalid: If nothing says which cluster a unit is of.
    """
    experiment = exposures.question.experiment
    if not experiment.randomised_by:
        return None
    if experiment.randomised_by in exposures.source.entities:
        return Clusters(exposures, None)
    link = links.link((experiment.entity,), experiment.randomised_by)
    if link is None:
        raise unlinked(experiment)
    return Clusters(exposures, link)


def unlinked(experiment: Experiment) -> Invalid:
    """Return the error that nothing says which cluster a unit is of."""
    by = experiment.randomised_by
    return Invalid(
        f"nothing says which {by} each {experiment.entity} is of: add its column to entities of "
        f"'{experiment.source}', or a source of attributes with both ids",
        place=experiment.origin.at("randomised_by"),
    )
