"""Tables with one row a unit: arm, outcomes and covariates side by side, without dates.

A unit that stands in several equal rows is counted once; one that stands in two arms is left out and
counted; one that stands in one arm with different values is refused, since nobody can say which is true.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Place
from twyman.metrics.metric import Metric, Missing, OutcomeValue, Proportion, Ratio, Value
from twyman.metrics.source import UnitSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    cast,
    column,
    count_rows,
    filtered,
    number,
    or_zero,
    select,
    statement,
    table,
    text,
    truth,
)
from twyman.warehouse.model import (
    CELLS,
    KNOWN,
    NONE,
    PART,
    STRATA,
    UNITS,
    MetricColumns,
    MomentColumn,
    Part,
    Statement,
    stacked,
)
from twyman.warehouse.sources.relation import Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, is_number, opened
from twyman.warehouse.statement.cells import cap_parts, caps_part, cells, cells_part, unit_columns
from twyman.warehouse.units.dimensions import lumped_parts, stratum
from twyman.warehouse.units.entering import MET, Entering, arm_number
from twyman.warehouse.units.exposures import entity_column, id_column, id_columns
from twyman.warehouse.values.ranks import ranked
from twyman.warehouse.values.wanted import gated, meets, scaled

ROWS, TABLE = "unit_rows", "units"
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class UnitTable:
    """A table of units, opened."""

    question: Question
    source: UnitSource
    rows: Rows

    def value(self, metric: Metric, value: Value, place: Place | None) -> tuple[exp.Expr, exp.Expr | None]:
        """Return a number for each row (null where the data have none), and the condition that it counts.

        Raises:
            Invalid: If the table has no such outcome, or it is no number.
        """
        if not isinstance(value, OutcomeValue):
            raise Invalid(
                f"metric '{metric.name}' takes facts, and this experiment enters by a table of units: "
                "write value: {outcome: …}",
                place=place,
            )
        if value.outcome not in self.source.outcomes:
            hint = nearest(value.outcome, self.source.outcomes)
            raise Invalid(f"outcome '{value.outcome}' isn't in '{self.source.name}': {hint}", place=place)
        written = self.rows.expression(self.source.outcomes[value.outcome], f"outcomes.{value.outcome}")
        kind = self.rows.kind(written, self.source.origin.at(f"outcomes.{value.outcome}"))
        counts = self.condition(value.where, place) if value.where else None
        if isinstance(metric.kind, Proportion) and metric.kind.bound is not None:
            found = self.number(written, kind, f"outcome '{value.outcome}'", place)
            return truth(meets(scaled(found, value.scale), metric.kind.bound)), counts
        if metric.is_binary:
            return self._truth(metric, written, kind, place), counts
        return scaled(self.number(written, kind, f"outcome '{value.outcome}'", place), value.scale), counts

    def condition(self, written: str, place: Place | None) -> exp.Expr:
        """Return a filter over the table's columns and outcomes."""
        names = self.rows.arm_at_hand(self.source.arm)
        names |= {name: self.rows.expression(text_, "outcomes") for name, text_ in self.source.outcomes.items()}
        return self.rows.condition(written, "", names, place=place)

    def number(self, written: exp.Expr, kind: str, what: str, place: Place | None) -> exp.Expr:
        """Return an expression as a number; booleans count as 0 and 1.

        Raises:
            Invalid: If it is neither.
        """
        if kind == "BOOLEAN":
            return truth(written)
        if not is_number(kind):
            self.rows.refuse_empty_columns(written, place)
            raise Invalid(
                f"{what} of '{self.source.name}' is of type {kind}, and a number is needed: "
                "name another column, or convert it",
                place=place,
            )
        return written

    def _truth(self, metric: Metric, written: exp.Expr, kind: str, place: Place | None) -> exp.Expr:
        if kind == "BOOLEAN":
            return truth(written)
        number_of = written if is_number(kind) else truth(exp.TryCast(this=written, to=exp.DataType.build("BOOLEAN")))
        odd = exp.Or(
            this=exp.Is(this=number_of.copy(), expression=exp.null()),
            expression=exp.Not(this=exp.In(this=number_of.copy(), expressions=[number(0), number(1)])),
        )
        given = exp.Not(this=exp.Is(this=written.copy(), expression=exp.null()))
        example = filtered(call("min", cast(written.copy(), "TEXT")), both(given, odd))
        found = self.rows.engine.row(self.rows.from_(select(alias(example, "bad"))))["bad"]
        if found is not None:
            raise Invalid(
                f"proportion '{metric.name}' takes an outcome that holds '{found}', and a share counts 0 and 1 only: "
                f"write type: mean, or an outcome such as {written.sql('duckdb')} > 0",
                place=place,
            )
        return number_of

    def columns(self, metric: Metric) -> MetricColumns:
        """Return a metric's own columns, then its covariates'."""
        place = metric.origin.at("value")
        titles = ("numerator", "denominator") if isinstance(metric.kind, Ratio) else ("value",)
        own = [self.value(metric, value, place) for value in metric.values]
        present = [exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())) for value, _ in own]
        known = exp.or_(*present) if len(present) > 1 else present[0]
        counts = both(*(condition for _, condition in own))
        taken = both(counts, known if metric.missing is Missing.DROP else None)
        bound = metric.kind.bound if isinstance(metric.kind, Proportion) else None
        nothing = int(bound is not None and bound.holds_of_nothing)
        columns = [
            MomentColumn(title, exp.Coalesce(this=value, expressions=[number(nothing)]), capped=title != "denominator")
            for title, (value, _) in zip(titles, own, strict=True)
        ]
        columns += self._covariates(metric)
        return MetricColumns(
            metric=metric,
            columns=gated(taken, columns),
            own=len(own),
            known=both(counts, known),
            presence=self._presence(own[0][0], counts),
        )

    def _presence(self, value: exp.Expr, counts: exp.Expr | None) -> exp.Query:
        query = self.rows.from_(select(alias(count_rows(), "given"), alias(exp.Count(this=value.copy()), "present")))
        kept = self.condition(self.source.where, self.source.origin.at("where")) if self.source.where else None
        condition = both(kept, counts)
        return query.where(condition) if condition is not None else query

    def _covariates(self, metric: Metric) -> list[MomentColumn]:
        if metric.adjustment is None:
            return []
        columns: list[MomentColumn] = []
        for name in metric.adjustment.covariates or tuple(self.source.covariates):
            place = metric.origin.at("cuped.covariates")
            if name not in self.source.covariates:
                hint = nearest(name, self.source.covariates)
                raise Invalid(f"covariate '{name}' isn't in '{self.source.name}': {hint}", place=place)
            written = self.rows.expression(self.source.covariates[name], f"covariates.{name}")
            kind = self.rows.kind(written, self.source.origin.at(f"covariates.{name}"))
            columns += numeric_covariate(self.rows, name, self.number(written, kind, f"covariate '{name}'", place))
        return columns

    def dimension(self, name: str) -> exp.Expr:
        """Return a column to break results down by, as text."""
        return exp.Coalesce(this=self.label(name, "dimensions"), expressions=[text(NONE)])

    def label(self, name: str, path: str) -> exp.Expr:
        """Return a column that tells units apart, as text; null where it is empty.

        Args:
            name: A covariate or a column.
            path: Where in the experiment's definition it is named.

        Raises:
            Invalid: If there is no such column.
        """
        place = self.question.experiment.origin.at(path)
        try:
            written = self.rows.expression(self.source.covariates.get(name, name), "covariates")
        except Invalid as error:
            raise Invalid(error.message, place=place) from error
        return as_text(written, self.rows.kind(written, place))


def numeric_covariate(rows: Rows, title: str, value: exp.Expr) -> list[MomentColumn]:
    """Return a covariate, missing values as 0, and a column that says so where any is missing."""
    missing = exp.Is(this=value.copy(), expression=exp.null())
    found = rows.engine.row(rows.from_(select(alias(call("bool_or", missing), "some"))))["some"]
    if not found:
        return [MomentColumn(title, or_zero(value))]
    flag = MomentColumn(f"{title} is missing", truth(missing), flag=True)
    return [MomentColumn(title, or_zero(value)), flag]


def compiled_units(engine: Engine, question: Question, metrics: Sequence[Metric]) -> Statement:
    """Compile a question over a table of units.

    Raises:
        NotFound: If the table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    experiment = question.experiment
    units, made = _opened(engine, question, metrics)
    source = units.source
    held = {f"by {name}": units.dimension(name) for name in experiment.dimensions}
    if experiment.strata:
        held[STRATA] = stratum([units.label(name, "strata") for name in experiment.strata])
    parts = [
        (ROWS, _row_query(units, made, held), f"Rows of {source.name}. {arm_names(question)}"),
        *_unit_parts(units, made, list(held)),
    ]
    parts += lumped_parts(TABLE, held)
    last = "lumped_units" if held else TABLE
    caps = cap_parts(made, last)
    parts += caps
    last = caps[-1][0] if caps else last
    groups = [("arm",), *(("arm", name) for name in held)]
    parts.append((CELLS, cells(made, units=last, groups=groups), "Moments by arm, and by arm and dimension."))
    ranks = ranked(made, units=last, dimensions=list(held))
    parts += ranks.parts
    answers = [cells_part(), *_entrants(units), *ranks.answers]
    answers += [part] if (part := caps_part(made)) is not None else []
    return Statement(
        query=statement(parts, stacked(answers)),
        arms=tuple(arm.name for arm in experiment.arms),
        values=tuple(arm.value or arm.name for arm in experiment.arms),
        metrics=tuple(made),
        dimensions={f"by {name}": name for name in experiment.dimensions},
    )


def dealt_units(
    engine: Engine, question: Question, metrics: Sequence[Metric], by: str = ""
) -> tuple[list[Part], list[MetricColumns], str]:
    """Return the parts down to one row a unit, what each metric holds there, and the type of its id.

    Args:
        engine: Where the data are.
        question: What is asked; its dimensions and strata play no part.
        metrics: What is measured.
        by: Entity whose ids are held, too, as `cluster`.

    Raises:
        NotFound: If the table isn't there.
        Invalid: If a definition doesn't fit the data, or the table has no id of that entity.
    """
    units, made = _opened(engine, question, metrics)
    entities = dict(units.source.entities or {})
    held: dict[str, exp.Expr] = {}
    if by:
        if by not in entities:
            raise Invalid(
                f"'{units.source.name}' has no id of '{by}', and nothing else says whose each unit is: "
                "add its column to entities",
                place=units.source.origin.at("entities"),
            )
        found = id_column(units.rows, entities, by)
        held["cluster"] = as_text(found, units.rows.kind(found, units.source.origin.at("entities")))
    parts = [
        (ROWS, _row_query(units, made, held), f"Rows of {units.source.name}. {arm_names(question)}"),
        *_unit_parts(units, made, list(held)),
    ]
    kind = "BIGINT"
    if entities:
        kind = units.rows.kind(entity_column(question, units.rows, entities), units.source.origin.at("entities"))
    return [*parts, *cap_parts(made, TABLE)], made, kind


def _opened(engine: Engine, question: Question, metrics: Sequence[Metric]) -> tuple[UnitTable, list[MetricColumns]]:
    """Open the experiment's table of units."""
    experiment = question.experiment
    source = question.catalogue.source(experiment.source, UnitSource, place=experiment.origin.at("units"))
    ids = id_columns(question, dict(source.entities or {}))
    asked = Asked(name=source.name, relation=source.relation, origin=source.origin, formats=source.formats, ids=ids)
    units = UnitTable(question, source, opened(engine, asked, zone=question.zone, bounds=Bounds()))
    return units, [units.columns(metric) for metric in metrics]


def arm_names(question: Question) -> str:
    """Say which number stands for which arm."""
    return "Arms: " + ", ".join(f"{index} {arm.name}" for index, arm in enumerate(question.experiment.arms)) + "."


def _row_query(units: UnitTable, made: Iterable[MetricColumns], dimensions: dict[str, exp.Expr]) -> exp.Select:
    source, rows = units.source, units.rows
    arm_text = rows.label(source.arm, "arm")
    unit = (
        entity_column(units.question, rows, dict(source.entities))
        if source.entities
        else exp.Window(this=call("row_number"))
    )
    projections = [
        alias(unit, "unit"),
        alias(arm_text, "arm_value"),
        alias(arm_number(arm_text, units.question.experiment), "arm"),
    ]
    if source.where:
        kept = exp.Coalesce(this=units.condition(source.where, source.origin.at("where")), expressions=[exp.false()])
        projections.append(alias(kept, "kept"))
    projections += [alias(value, held) for held, value in dimensions.items()]
    return rows.from_(select(*projections, *unit_columns(made)))


def _entering(units: UnitTable) -> Entering:
    return Entering(arms=len(units.question.experiment.arms), kept=units.source.where is not None)


def _held(made: Iterable[MetricColumns], dimensions: Iterable[str]) -> list[str]:
    names = [str(one.alias_or_name) for one in unit_columns(made)]
    return [*dimensions, *names]


def _unit_parts(
    units: UnitTable, made: Sequence[MetricColumns], dimensions: Sequence[str]
) -> list[tuple[str, exp.Query, str]]:
    held, entry = _held(made, dimensions), _entering(units)
    in_arm = exp.Not(this=exp.Is(this=column("arm"), expression=exp.null()))
    if units.source.entities is None:
        query = select(column("unit"), column("arm"), *(column(name) for name in held)).from_(table(ROWS))
        return [(TABLE, query.where(both(in_arm, entry.counts)), "Each row of an arm is a unit.")]
    chosen = [alias(entry.entered(call("any_value", column(name))), name) for name in held]
    arm = alias(entry.entered(call("min", column("arm"))), "arm")
    met = entry.met(ROWS, arm, *chosen)
    truths = {f"{one.metric.name} {KNOWN}" for one in made}
    met = met.select(alias(_conflicting(entry, held, truths), CONFLICT))
    query = select(column("unit"), column("arm"), *(column(name) for name in held)).from_(table(MET))
    query = query.where(both(in_arm, exp.Not(this=column("crossed"))))
    return [
        (MET, met, "What stands of each unit: equal rows are one."),
        (TABLE, query, "Units in one arm only."),
    ]


def _conflicting(entry: Entering, held: Sequence[str], truths: Collection[str]) -> exp.Expr:
    tests: list[exp.Expr] = []
    for name in held:
        ends = ("min_truth", "max_truth") if name in truths else ("min", "max")
        low, high = (filtered(call(function, column(name)), entry.enters) for function in ends)
        tests.append(exp.NullSafeNEQ(this=low, expression=high))
        some = filtered(exp.Count(this=column(name)), entry.enters)
        tests.append(exp.Not(this=exp.In(this=some, expressions=[number(0), filtered(count_rows(), entry.enters)])))
    return exp.or_(*tests) if tests else exp.false()


def _entrants(units: UnitTable) -> list[exp.Query]:
    entry = _entering(units)
    if units.source.entities is not None:
        by_unit = entry.units_by_arm()
        clash = exp.and_(column(CONFLICT), exp.Not(this=column("crossed")))
        example = filtered(call("min", cast(column("unit"), "TEXT")), clash)
        return [entry.rows_by_arm(ROWS), by_unit.select(alias(example, CONFLICT))]  # pyright: ignore[reportAttributeAccessIssue]
    by_unit = (
        select(
            alias(text(UNITS), PART),
            column("arm"),
            alias(exp.false(), "crossed"),
            alias(count_rows(), "units"),
            alias(number(0), "in_two_arms"),
            alias(number(0), "repeated"),
        )
        .from_(table(ROWS))
        .group_by(column("arm"))
    )
    return [entry.rows_by_arm(ROWS), by_unit]
