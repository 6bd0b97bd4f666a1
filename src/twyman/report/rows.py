"""One result as a row of a table: every number already written, so that templates hold no arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass

from twyman.app.views import Effect, Result, Side
from twyman.report import numbers
from twyman.report.interval import Picture, deciding, estimated, half_width, lift_of, picture, scale_of, spoken
from twyman.report.scale import Scale
from twyman.report.words import EXPECTED, HIDDEN, NO_EFFECT, ROLES, STATES, Word, word
from twyman.report.worth import worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A result, written.

    Attributes:
        lift, interval: The relative effect and the interval that decides; the absolute ones where there is no lift.
        level: The interval's coverage, where it isn't 95 %.
        absolute: The difference with its interval; empty where it stands in for the lift.
        diluted: With a trigger, the difference on the mean of all exposed, or why it isn't given; empty in segments.
        treatment, control: Means, adjusted where they were; `raw` says both unadjusted, where they differ.
        clusters: How many were drawn, treatment first; empty where units were.
        p_note: What the p-value is against, where that isn't "no effect".
        also: A second state, where harm shows inside a margin.
        seen: The smallest effect that would have been seen, beside every "no effect".
        expected: What was expected, where the result isn't as expected.
        worth: What it is worth beside all that was known before, where it is significant or surprising.
        tone: Colour of the picture: the state's, unless the result is held for being too good.
        reason: Why there are no numbers.
    """

    metric: str
    title: str
    better: str
    role: str
    arm: str
    segment: str
    lift: str
    interval: str
    level: str
    absolute: str
    diluted: str
    treatment: str
    control: str
    raw: str
    units: str
    clusters: str
    p: str
    p_note: str
    state: Word
    tone: str
    also: Word | None
    seen: str
    expected: str
    worth: str
    notes: tuple[str, ...]
    reason: str
    picture: Picture | None
    spoken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that share an axis.

    Attributes:
        word: Name and meaning of what they have in common.
        ticks: Place and text of each tick of the axis.
        legend: Names of the marks that are drawn: interval, inner, margin, ceiling, expected.
        many: Whether more than one treatment is in it.
    """

    word: Word
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    legend: frozenset[str]
    many: bool


def by_role(results: Iterable[Result], control: str) -> tuple[Group, ...]:
    """Return everybody's results by role, in the order in which roles are read."""
    whole = [result for result in results if result.segment is None]
    roles = [*ROLES, *(role for role in dict.fromkeys(result.role for result in whole) if role not in ROLES)]
    return tuple(
        group(word(ROLES, role), of_role, control)
        for role in roles
        if (of_role := [result for result in whole if result.role == role])
    )


def by_dimension(results: Iterable[Result], control: str) -> tuple[tuple[str, tuple[Group, ...]], ...]:
    """Return segments' results, by dimension and in it by metric."""
    cut: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        if result.segment is not None:
            cut.setdefault(result.segment.dimension, {}).setdefault(result.metric, []).append(result)
    return tuple(
        (dimension, tuple(group(Word(rows[0].title, "", ""), rows, control) for rows in metrics.values()))
        for dimension, metrics in cut.items()
    )


def group(word_: Word, results: list[Result], control: str) -> Group:
    """Return results as rows on one axis."""
    scale = scale_of(results)
    rows = tuple(row(result, control, scale) for result in results)
    step = _tick_digits(scale)
    return Group(
        word=word_,
        rows=rows,
        ticks=tuple((scale.x(tick), numbers.percent(tick, step) if tick else "0") for tick in scale.ticks()),
        legend=frozenset(_legend(row.picture for row in rows)),
        many=len({result.arm for result in results}) > 1,
    )


def _tick_digits(scale: Scale) -> int:
    ticks = scale.ticks()
    step = 100 * (ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    return next((digits for digits in range(5) if abs(round(step, digits) - step) < 1e-9), 5)


def _legend(pictures: Iterable[Picture | None]) -> set[str]:
    drawn = [picture for picture in pictures if picture is not None]
    names = {
        "interval": bool(drawn),
        "inner": any(picture.inner for picture in drawn),
        "margin": any(picture.margins for picture in drawn),
        "ceiling": any(picture.ceiling is not None for picture in drawn),
        "expected": any(picture.expected for picture in drawn),
    }
    return {name for name, used in names.items() if used}


def row(result: Result, control: str, scale: Scale) -> Row:
    """Write one result."""
    lift, absolute = lift_of(result), estimated(result.absolute)
    shown = lift or absolute
    interval = deciding(shown) if shown else None
    control_mean, treatment_mean, raw = _means(result)
    return Row(
        metric=result.metric,
        title=result.title or result.metric,
        better={"increase": "higher is better", "decrease": "lower is better"}.get(result.direction, ""),
        role=result.role,
        arm=result.arm,
        segment=result.segment.value if result.segment else "",
        lift=_estimate(shown, relative=lift is not None) if shown else "",
        interval=_interval(shown, relative=lift is not None) if shown else "",
        level=f"at {numbers.brief(interval.level)}" if interval and abs(interval.level - 0.95) > 1e-9 else "",
        absolute=f"{_estimate(absolute)} {_interval(absolute)}".strip() if lift and absolute else "",
        diluted=_diluted(result),
        treatment=treatment_mean,
        control=control_mean,
        raw=raw,
        units=f"{numbers.count(result.treatment.units)} / {numbers.count(result.control.units)}",
        clusters=_clusters(result),
        p=_p(result),
        p_note=_p_note(result),
        state=_state(result),
        tone="care" if result.expectation and result.expectation.holds else _state(result).tone,
        also=_also(result),
        seen=_seen(result),
        expected=_expected(result),
        worth=worth(result),
        notes=tuple(_notes(result)),
        reason=_reason(result),
        picture=picture(result, scale),
        spoken=spoken(result, control),
    )


def _diluted(result: Result) -> str:
    """Write what a triggered effect comes to for everybody; no segment has one, and none says so on its line."""
    effect = result.diluted
    if effect is None or result.segment is not None:
        return ""
    if effect.estimate is None:
        return f"not given: {effect.reason.text}" if effect.reason else ""
    return f"{_estimate(effect)} {_interval(effect)}".strip()


def _clusters(result: Result) -> str:
    counts = [side.clusters for side in (result.treatment, result.control)]
    return " / ".join(numbers.count(count) for count in counts if count is not None)


def _digits(effect: Effect, *, relative: bool) -> int:
    """Return decimals: two digits of the uncertainty, and no more than a reader wants of a large number."""
    factor = 100 if relative else 1
    half, size = half_width(effect), abs(effect.estimate or 0.0) * factor
    whole = len(str(int(size))) if size >= 1 else 0
    return min(numbers.decimals(None if half is None else half * factor), max(0, 3 - whole) if whole > 1 else 6)


def _estimate(effect: Effect, *, relative: bool = False) -> str:
    write = numbers.percent if relative else numbers.signed
    return write(effect.estimate, _digits(effect, relative=relative))


def _interval(effect: Effect, *, relative: bool = False) -> str:
    interval = deciding(effect)
    if interval is None:
        return ""
    return numbers.span(interval.lower, interval.upper, _digits(effect, relative=relative), relative=relative)


def _means(result: Result) -> tuple[str, str, str]:
    """Return the arms' means (adjusted where they are) as text, control first, and a note of the raw ones."""
    digits = _digits(result.absolute, relative=False) if result.absolute else 4

    def mean(side: Side) -> str:
        return numbers.plain(side.mean if side.adjusted_mean is None else side.adjusted_mean, digits)

    adjusted = any(side.adjusted_mean not in (None, side.mean) for side in (result.control, result.treatment))
    raw = f"raw {numbers.plain(result.treatment.mean, digits)} / {numbers.plain(result.control.mean, digits)}"
    return mean(result.control), mean(result.treatment), raw if adjusted else ""


def p_of(result: Result) -> float | None:
    """Return the p-value that belongs to the state: the decision's, after correction; else the effect's own."""
    decision = result.decision
    if decision is not None and (decision.p_adjusted is not None or decision.p_value is not None):
        return decision.p_value if decision.p_adjusted is None else decision.p_adjusted
    effect = estimated(result.absolute) or lift_of(result)
    interval = deciding(effect) if effect else None
    return interval.p_value if interval else None


def _p(result: Result) -> str:
    return numbers.p_value(p_of(result))


def _p_note(result: Result) -> str:
    decision = result.decision
    if decision is None or p_of(result) is None:
        return ""
    against = f"vs {numbers.signed_share(decision.null)}" if decision.null else ""
    side = "" if decision.side == "two" else "one-sided"
    moved = decision.p_adjusted is not None and decision.p_adjusted != decision.p_value
    return ", ".join(part for part in (against, side, "corrected" if moved else "") if part)


def _state(result: Result) -> Word:
    if result.reason is not None and result.reason.code in HIDDEN:
        return STATES["hidden"]
    if result.decision is not None:
        return word(STATES, result.decision.state)
    return word(STATES, "described" if lift_of(result) or estimated(result.absolute) else "not_estimable")


def _also(result: Result) -> Word | None:
    watch = result.decision.deterioration if result.decision else None
    harmed = watch is not None and watch.state == "deteriorated" and _state(result) != STATES["deteriorated"]
    return STATES["deteriorated"] if harmed else None


def _seen(result: Result) -> str:
    decision = result.decision
    if decision is None or decision.smallest_effect is None or decision.state not in NO_EFFECT:
        return ""
    smallest = abs(decision.smallest_effect)
    return f"could have seen {numbers.brief(smallest)} or more"


def _expected(result: Result) -> str:
    expectation = result.expectation
    if expectation is None or expectation.status == "within":
        return ""
    ceiling = expectation.ceiling if expectation.status == "above_ceiling" else None
    write = numbers.signed_share if expectation.scale == "relative" else "{:+,.4g}".format
    return word(EXPECTED, expectation.status).word + (f" of {write(ceiling)}" if ceiling is not None else "")


def _notes(result: Result) -> Iterable[str]:
    if worth(result):
        yield worth(result)
    if result.variance_reduction is not None and result.variance_reduction > 0:
        yield f"adjusted: {numbers.brief(round(result.variance_reduction, 2))} less variance"
    if result.method and result.method.cap is not None:
        yield f"capped at {result.method.cap:,.6g}"
    for covariate in result.covariates:
        if covariate.dropped:
            yield f"covariate {covariate.name} not used: {covariate.dropped.text}"
    if result.relative is not None and result.relative.reason is not None:
        yield f"no lift: {result.relative.reason.text}"
    shown = lift_of(result)
    if shown and shown.repeated and shown.repeated.reason:
        yield shown.repeated.reason.text


def _reason(result: Result) -> str:
    if lift_of(result) or estimated(result.absolute):
        return ""
    if result.reason is not None:
        return result.reason.text
    reasons = (effect.reason for effect in (result.absolute, result.relative) if effect is not None)
    return next((reason.text for reason in reasons if reason is not None), "no number is shown at this reading")
