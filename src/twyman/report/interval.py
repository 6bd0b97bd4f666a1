"""An interval as it is drawn inside a table row: its places on the shared axis, and a sentence that says the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from twyman.app.views import Effect, Interval, Result
from twyman.report import numbers
from twyman.report.scale import Scale, shared


@dataclass(frozen=True, slots=True)
class Marks:
    """The lines an effect is read against, as relative effects.

    Attributes:
        margins: A guardrail's margin, or both ends of what a metric may move by.
        ceiling: Beyond it nobody believes the effect.
        expected: Low, likely and high.
    """

    margins: tuple[float, ...] = ()
    ceiling: float | None = None
    expected: tuple[float, float, float] | None = None

    def values(self) -> tuple[float, ...]:
        """Return all of them."""
        ceiling = () if self.ceiling is None else (self.ceiling,)
        return (*self.margins, *ceiling, *(self.expected or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Places in an in-row picture, in its own units.

    Attributes:
        inner: The interval of this look alone; `None` where it is the only one.
        outer: The interval that decides.
        open_low, open_high: Whether it goes on beyond the picture, or has no end there.
        margins, ceiling, expected: Marks that lie within the picture.
    """

    point: float
    outer: tuple[float, float]
    inner: tuple[float, float] | None
    open_low: bool
    open_high: bool
    zero: float
    margins: tuple[float, ...]
    ceiling: float | None
    expected: tuple[float, float, float] | None


def deciding(effect: Effect) -> Interval | None:
    """Return the interval that decides; that of this look alone, where none decides or it has no ends."""
    repeated = effect.repeated
    return repeated if repeated is not None and repeated.reason is None else effect.fixed


def half_width(effect: Effect) -> float | None:
    """Return half the deciding interval's width; of one open on a side, the way to its end; else the error."""
    interval = deciding(effect)
    if interval is None:
        return effect.se
    if interval.lower is not None and interval.upper is not None:
        return (interval.upper - interval.lower) / 2
    end = interval.lower if interval.lower is not None else interval.upper
    return effect.se if end is None or effect.estimate is None else abs(effect.estimate - end)


def estimated(effect: Effect | None) -> Effect | None:
    """Return an effect that could be estimated; `None` for one that has only a reason."""
    return effect if effect is not None and effect.reason is None and effect.estimate is not None else None


def lift_of(result: Result) -> Effect | None:
    """Return the lift, where one could be estimated."""
    return estimated(result.relative)


def marks_of(result: Result) -> Marks:
    """Return what this result is read against."""
    margins: tuple[float, ...] = ()
    if result.decision and result.role == "guardrail" and result.decision.null:
        margins = (result.decision.null,)
    if result.decision and result.decision.within is not None:
        margins = (-result.decision.within, result.decision.within)
    expected = result.expectation
    if expected is None or expected.scale != "relative":
        return Marks(margins)
    return Marks(margins, expected.ceiling, (expected.low, expected.likely, expected.high))


def scale_of(results: Iterable[Result]) -> Scale:
    """Return the axis that these results share."""
    spans, marks = list[tuple[float, float]](), list[float]()
    for result in results:
        marks += marks_of(result).values()
        effect = lift_of(result)
        if effect is not None:
            low, high = _ends(effect, deciding(effect))
            point = effect.estimate or 0.0
            spans.append((point if low is None else low, point if high is None else high))
    return shared(spans, marks)


def picture(result: Result, scale: Scale) -> Picture | None:
    """Return the places of a result's lift and of its marks; `None` where it has no lift."""
    effect = lift_of(result)
    if effect is None:
        return None
    interval, marks = deciding(effect), marks_of(result)
    low, high = _ends(effect, interval)
    both = interval is effect.repeated and effect.fixed is not None and _ends(effect, effect.fixed) != (low, high)
    expected = marks.expected
    inside = expected is not None and scale.shows(expected[0]) and scale.shows(expected[2])
    return Picture(
        point=scale.x(effect.estimate or 0.0),
        outer=_placed((low, high), scale),
        inner=_placed(_ends(effect, effect.fixed), scale) if both else None,
        open_low=low is None or low < scale.low,
        open_high=high is None or high > scale.high,
        zero=scale.x(0.0),
        margins=tuple(scale.x(margin) for margin in marks.margins if scale.shows(margin)),
        ceiling=scale.x(marks.ceiling) if marks.ceiling is not None and scale.shows(marks.ceiling) else None,
        expected=(scale.x(expected[0]), scale.x(expected[1]), scale.x(expected[2])) if expected and inside else None,
    )


def _ends(effect: Effect, interval: Interval | None) -> tuple[float | None, float | None]:
    return (effect.estimate, effect.estimate) if interval is None else (interval.lower, interval.upper)


def _placed(ends: tuple[float | None, float | None], scale: Scale) -> tuple[float, float]:
    low, high = ends
    return scale.x(scale.low if low is None else low), scale.x(scale.high if high is None else high)


def spoken(result: Result, control: str) -> str:
    r"""Say in a sentence what the picture shows, numbers included.

    Example:
        >>> from twyman.app.views import Side
        >>> side = Side(units=10, mean=0.5)
        >>> effect = Effect(estimate=0.06, fixed=Interval(lower=0.05, upper=0.07, level=0.95))
        >>> spoken(Result(metric="m", title="Minutes", role="success", arm="new", direction="increase", segment=None,
        ...               control=side, treatment=side, method=None, absolute=None, relative=effect), "old")
        'Minutes, new against old: lift +6.0\xa0%, interval +5.0\xa0% to +7.0\xa0%'
    """
    effect = lift_of(result)
    start = f"{result.title}, {result.arm} against {control}: "
    if effect is None:
        return start + "no lift"
    digits = numbers.decimals(100 * (half_width(effect) or 0.0))
    text = f"{start}lift {numbers.percent(effect.estimate, digits)}"
    interval, marks = deciding(effect), marks_of(result)
    if interval is not None:
        ends = (interval.lower, interval.upper)
        text += ", interval " + numbers.span(*ends, digits).strip("[]").replace(", ", " to ")
    if marks.margins:
        text += ", margin " + " and ".join(map(numbers.signed_share, marks.margins))
    if marks.expected:
        text += f", expected {numbers.signed_share(marks.expected[0])} to {numbers.signed_share(marks.expected[2])}"
    return text + (f", ceiling {numbers.signed_share(marks.ceiling)}" if marks.ceiling is not None else "")
