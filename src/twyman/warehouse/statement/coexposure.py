"""Which arms of other experiments an experiment's units met as well: one statement for all of them.

Every source of exposures of the same entity is read, up to the cut-off. A unit that met several arms of another
experiment counts under a name of its own. Where whole clusters were drawn, clusters are counted, not their units.
"""

from sqlglot import exp

from twyman.app.ports import Coexposed, Question
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import alias, column, count_rows, select, statement, table, text
from twyman.warehouse.model import PART, stacked
from twyman.warehouse.sources.rows import as_text
from twyman.warehouse.statement.compile import entered
from twyman.warehouse.units.exposures import FIRST, Exposures
from twyman.warehouse.units.others import OTHERS, below, ends, one_of, other_exposures

DRAWN, MET_TOO = "drawn", "met_too"
TOTALS, MET = "totals", "met"


def compiled_coexposure(engine: Engine, question: Question) -> exp.Query:
    """Return the statement that counts, by arm, what else each unit met.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    exposures, parts = entered(engine, question)
    # A cluster stands once for each of its units.
    units = exp.Count(this=exp.Distinct(expressions=[column("drawn")])) if exposures.clustered else count_rows()
    totals = select(alias(text(TOTALS), PART), column("arm"), *_without_other(), alias(units, "units"))
    answers: list[exp.Query] = [totals.from_(table(DRAWN)).group_by(column("arm"))]
    parts = [*parts, (DRAWN, _drawn(exposures), "What was drawn: each with its arm.")]
    others = list(other_exposures(engine, exposures))
    if others:
        parts += [
            (OTHERS, below(others), "Exposures of other experiments, of the same units."),
            (MET_TOO, _met(exposures), "What was met of each other experiment."),
        ]
        held = [column("arm"), column("other"), one_of(column("lowest"), column("highest"))]
        met = select(alias(text(MET), PART), *held[:2], alias(held[2], "variant"), alias(count_rows(), "units"))
        answers.append(met.from_(table(MET_TOO)).group_by(*(one.copy() for one in held)))
    return statement(parts, stacked(answers))


def coexposed(question: Question, rows: list[Row], sql: tuple[str, ...]) -> Coexposed:
    """Read the statement's answer."""
    names = [arm.name for arm in question.experiment.arms]
    units, met = dict.fromkeys(names, 0), dict[str, dict[tuple[str, str], int]]()
    for row in rows:
        arm = names[int(row["arm"])]
        if row[PART] == TOTALS:
            units[arm] = int(row["units"])
        else:
            met.setdefault(str(row["other"]), {})[arm, str(row["variant"])] = int(row["units"])
    return Coexposed(units=units, met=met, of=question.experiment.randomised_by or "unit", sql=sql)


def _without_other() -> list[exp.Expr]:
    return [alias(exp.cast(exp.null(), "TEXT"), name) for name in ("other", "variant")]


def _drawn(exposures: Exposures) -> exp.Select:
    drawn = column("cluster" if exposures.clustered else "unit")
    return select(column("unit"), alias(drawn, "drawn"), column("arm")).from_(table(FIRST))


def _met(exposures: Exposures) -> exp.Select:
    lowest, highest = ends()
    unit = as_text(column("unit", DRAWN), exposures.id_kind)
    held = (column("drawn", DRAWN), column("arm", DRAWN), column("other", OTHERS))
    return (
        select(*held, alias(lowest, "lowest"), alias(highest, "highest"))
        .from_(table(OTHERS))
        .join(table(DRAWN), on=exp.EQ(this=column("unit", OTHERS), expression=unit))
        .group_by(*(name.copy() for name in held))
    )
