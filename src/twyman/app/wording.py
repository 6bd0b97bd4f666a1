"""Numbers inside sentences: the few forms that reasons and checks use."""

from twyman.app.views import Effect

MINUS = "\N{MINUS SIGN}"


def percent(value: float, *, signed: bool = True) -> str:
    """Write a share or lift as a percentage with the digits that matter.

    Example:
        >>> percent(0.0612), percent(-0.000431), percent(0.05, signed=False)
        ('+6.12 %', '−0.0431 %', '5 %')
    """
    return f"{number(value * 100, signed=signed)} %"


def number(value: float, *, signed: bool = True) -> str:
    """Write a number with three significant digits, and a minus that is one.

    Example:
        >>> number(-12345.6), number(0.5, signed=False)
        ('−12,300', '0.5')
    """
    digits = f"{abs(value):.3g}"
    text = f"{float(digits):,.10g}" if "e" not in digits or abs(value) >= 1 else digits
    sign = MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}"


def effect_text(relative: Effect | None, absolute: Effect | None) -> str:
    """Write an effect with the interval that decides: the lift, or the difference where there is no lift.

    Example:
        >>> from twyman.app.views import Interval
        >>> effect_text(Effect(estimate=0.061, repeated=Interval(lower=0.044, upper=0.078, level=0.95)), None)
        '+6.1 % [+4.4 %, +7.8 %]'
    """
    for effect, form in ((relative, percent), (absolute, number)):
        if effect is None or effect.estimate is None:
            continue
        interval = effect.repeated if effect.repeated and effect.repeated.reason is None else effect.fixed
        if interval is None or interval.lower is None or interval.upper is None:
            continue
        return f"{form(effect.estimate)} [{form(interval.lower)}, {form(interval.upper)}]"
    return ""
