"""Which arms of any two experiments units share: one statement over the exposures, for all pairs of them.

Each experiment's arm has a number. Where the engine runs in our own process, each exposure becomes one whole number,
and those are counted in arrays (`tally`). Else the engine counts: the numbers that a unit met are gathered, or joined
with each other, and any two of them are a pair.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from twyman.app.ports import Paired, Question
from twyman.app.sweep import key_of
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import (
    alias,
    call,
    cast,
    column,
    count_rows,
    number,
    select,
    statement,
    table,
    text,
)
from twyman.warehouse.model import PART, Part, stacked
from twyman.warehouse.statement.tally import MOST_KEYS, MOST_NUMBERS, bits_of, tally
from twyman.warehouse.units.others import OTHERS, all_exposures, below

KNOWN, NUMBERED, GATHERED, EACH, TOGETHER = "known", "numbered", "gathered", "each_number", "together"
PAIRS = "pairs"
LISTS = ("duckdb",)
"""Dialects that gather lists, and unfold them."""

Arm = tuple[str, str]


def pairs(engine: Engine, questions: Sequence[Question]) -> Paired:
    """Count the units of any two arms of different experiments, and of each arm.

    Args:
        engine: Where the data are.
        questions: One an experiment, all of one entity and with one cut-off.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
        Unavailable: If the engine gave out.
    """
    count = len(_numbers(questions))
    keys = compiled_keys(engine, questions)
    found = engine.array(keys) if count <= MOST_NUMBERS else None
    if found is not None and found.size <= MOST_KEYS:
        return paired(questions, tally(found, numbers=count), engine.script(keys))
    query = compiled_pairs(engine, questions)
    return paired(questions, engine.answer(query), engine.script(query))


def compiled_keys(engine: Engine, questions: Sequence[Question]) -> exp.Query:
    """Return the statement of DuckDB's that makes a whole number of each exposure: its unit's hash, its arm's number.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    upper = number((1 << 64) - (1 << bits_of(len(_numbers(questions)))))
    unit = exp.BitwiseAnd(this=call("hash", column("unit")), expression=cast(upper, "UBIGINT"))
    key = exp.BitwiseOr(this=exp.Paren(this=unit), expression=column("num"))
    keys = select(alias(key, "key")).from_(table(NUMBERED))
    return statement(_numbered_parts(engine, questions, hashed=True), keys.limit(MOST_KEYS + 1))


def compiled_pairs(engine: Engine, questions: Sequence[Question], *, lists: bool | None = None) -> exp.Query:
    """Return the statement that counts the units of any two arms of different experiments, and of each arm.

    Args:
        engine: Where the data are.
        questions: One an experiment, all of one entity and with one cut-off.
        lists: Whether numbers are gathered to lists; left out, where the engine can.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    listed = engine.connector.dialect.name in LISTS if lists is None else lists
    parts = [*_numbered_parts(engine, questions), *(_by_lists() if listed else _by_joining())]
    held = [column("one"), column("two")]
    counted = select(alias(text(PAIRS), PART), *held, alias(count_rows(), "units")).from_(table(TOGETHER))
    return statement(parts, stacked([counted.group_by(*(one.copy() for one in held))]))


def paired(questions: Sequence[Question], rows: Iterable[Row], sql: tuple[str, ...]) -> Paired:
    """Read the statement's answer."""
    arms = _numbers(questions)
    units, met = dict[Arm, int](), dict[Arm, dict[Arm, int]]()
    for row in rows:
        one, two, count = arms[int(row["one"])], arms[int(row["two"])], int(row["units"])
        if one == two:
            units[one] = count
        elif one[0] != two[0]:
            met.setdefault((one[0], two[0]), {})[one[1], two[1]] = count
    return Paired(units=units, met=met, sql=sql)


def _numbered_parts(engine: Engine, questions: Sequence[Question], *, hashed: bool = False) -> list[Part]:
    """Return the parts up to the numbers that units met; joined by one hash, which costs half of two texts' join."""
    entity, names = questions[0].experiment.entity, sorted({key_of(one) for one in questions})
    rows = list(all_exposures(engine, questions[0], entity, names, sifted=not hashed))  # joining sifts them, too
    return [
        (OTHERS, below(rows), "Exposures of all experiments asked for."),
        (KNOWN, _known(questions, hashed=hashed), "Each arm has a number."),
        (NUMBERED, _numbered(hashed=hashed), "Which numbers each unit met."),
    ]


def _numbers(questions: Sequence[Question]) -> Mapping[int, Arm]:
    """Return each arm by its number, in the order of experiments' names."""
    ordered = sorted(questions, key=lambda one: one.experiment.name)
    return dict(enumerate((one.experiment.name, arm.name) for one in ordered for arm in one.experiment.arms))


def _known(questions: Sequence[Question], *, hashed: bool) -> exp.Query:
    asked = {one.experiment.name: one for one in questions}
    values = [
        exp.Tuple(expressions=[text(key_of(asked[name])), text(_value(asked[name], arm)), number(index)])
        for index, (name, arm) in _numbers(questions).items()
    ]
    names = [exp.to_identifier(one) for one in ("experiment", "arm", "num")]
    listed = exp.Values(expressions=values, alias=exp.TableAlias(this=exp.to_identifier("arms"), columns=names))
    if hashed:
        both = alias(call("hash", column("experiment"), column("arm")), "both")
        return select(both, alias(cast(column("num"), "UBIGINT"), "num")).from_(listed)
    return select(*(column(one.name) for one in names)).from_(listed)


def _value(question: Question, arm: str) -> str:
    return next(one.value or one.name for one in question.experiment.arms if one.name == arm)


def _numbered(*, hashed: bool) -> exp.Select:
    held = (column("unit", OTHERS), column("num", KNOWN))
    met = column("other", OTHERS), column("variant", OTHERS)
    if hashed:
        same: exp.Expr = exp.EQ(this=call("hash", *met), expression=column("both", KNOWN))
    else:
        same = exp.And(
            this=exp.EQ(this=met[0], expression=column("experiment", KNOWN)),
            expression=exp.EQ(this=met[1], expression=column("arm", KNOWN)),
        )
    return select(*held).from_(table(OTHERS)).join(table(KNOWN), on=same)


def _by_lists() -> list[Part]:
    gathered = call("list_distinct", call("list", column("num")))
    numbers = select(alias(gathered, "numbers")).from_(table(NUMBERED)).group_by(column("unit"))
    each = select(alias(call("unnest", column("numbers")), "one"), column("numbers")).from_(table(GATHERED))
    both = select(column("one"), alias(call("unnest", column("numbers")), "two")).from_(table(EACH))
    ordered = exp.LTE(this=column("one"), expression=column("two"))
    together = select(column("one"), column("two")).from_(exp.Subquery(this=both, alias="crossed")).where(ordered)
    return [
        (GATHERED, numbers, "The numbers of each unit."),
        (EACH, each, "Each of them, beside all of its unit's."),
        (TOGETHER, together, "Any two of them."),
    ]


def _by_joining() -> list[Part]:
    once = select(column("unit"), column("num")).distinct().from_(table(NUMBERED))
    same = exp.And(
        this=exp.EQ(this=column("unit", "a"), expression=column("unit", "b")),
        expression=exp.LTE(this=column("num", "a"), expression=column("num", "b")),
    )
    held = (alias(column("num", "a"), "one"), alias(column("num", "b"), "two"))
    together = select(*held).from_(table(GATHERED, "a")).join(table(GATHERED, "b"), on=same)
    return [(GATHERED, once, "The numbers of each unit."), (TOGETHER, together, "Any two of them.")]
