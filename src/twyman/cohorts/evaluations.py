"""One row's answer, as the plain reading gives it."""

from collections.abc import Iterator

from twyman.cohorts.assignments import REASONS, Assignments
from twyman.cohorts.cohort import Cohort
from twyman.flags.context import NoUnit, unit_of
from twyman.flags.evaluation import Evaluation, Kept, Reason
from twyman.flags.flag import Flag
from twyman.flags.resolve import assignment, served, served_default


def evaluation(flag: Flag | None, answers: Assignments, cohort: Cohort, row: int) -> Evaluation:
    """Return the evaluation of one row of the cohort that a flag answered."""
    reason = REASONS[int(answers.reasons[row])]
    if flag is None or reason in {Reason.NOT_FOUND, Reason.BROKEN}:
        return Evaluation(answers.flag, reason, detail=answers.detail)
    if reason is Reason.UNIT_ERROR:
        return Evaluation(flag.name, reason, detail=_why(cohort, row, flag.rules[int(answers.rules[row])].by))
    made = [(flag.rules[place], int(sides[row])) for place, sides in answers.sides.items() if sides[row] >= 0]
    noted = tuple(assignment(rule, rule.split.assigned[side]) for rule, side in made)
    keep = tuple(_kept(flag, answers, cohort, row))
    if reason is not Reason.MATCH:
        return served_default(flag, reason, noted, keep)
    rule, side = made[-1]
    return served(flag, rule, rule.split.assigned[side], noted, keep)


def _why(cohort: Cohort, row: int, by: str) -> str:
    try:
        unit_of(cohort.context(row), by)
    except NoUnit as error:
        return str(error)
    return ""


def _kept(flag: Flag, answers: Assignments, cohort: Cohort, row: int) -> Iterator[Kept]:
    block, place_in_block = cohort.found(row)
    for place, keep in answers.keep.items():
        rule = flag.rules[place]
        unit = block.units(rule.by).text(place_in_block) if keep[row] else None
        if rule.sticky and unit is not None:
            yield Kept(rule.sticky.writes, unit, rule.name, rule.split.assigned[int(answers.sides[place][row])].variant)
