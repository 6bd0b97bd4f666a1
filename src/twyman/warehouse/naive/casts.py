"""A value as another type, as the dialect of definitions converts it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlglot import exp

from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.unverifiable import Unverifiable

_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")
_BOUNDS = {8: ("TINYINT",), 16: ("SMALLINT",), 32: ("INT",), 64: ("BIGINT",), 128: ("INT128",)}


class NotConvertible(Unverifiable):
    """A value that has no counterpart in the other type: `TRY_CAST` makes it null."""


def converter(kind: exp.DataType) -> Callable[[Any], Any]:
    """Return what converts a value that isn't null to a type.

    Raises:
        Unverifiable: If the type isn't converted to here.

    Example:
        >>> converter(exp.DataType.build("INT"))("12")
        12
    """
    named = str(kind.this.value).upper()
    if named == "DECIMAL":
        return _to_decimal(kind)
    if named in _KINDS:
        return _KINDS[named]
    raise Unverifiable(f"casts to {kind.sql('duckdb')}")


def text_of(value: Any) -> str:  # noqa: ANN401 - a value of the row
    """Return a value as text.

    Example:
        >>> text_of(True), text_of(1.0), text_of(date(2024, 1, 2))
        ('true', '1.0', '2024-01-02')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return _time_text(value)
        case str() | int() | float() | date() | time() | UUID():
            return str(value)
        case _:
            raise Unverifiable("writes a value of several parts as text")


def _time_text(value: datetime) -> str:
    plain = wall(value)
    fraction = f".{plain.microsecond:06d}".rstrip("0") if plain.microsecond else ""
    return f"{plain:%Y-%m-%d %H:%M:%S}{fraction}{'+00' if value.tzinfo else ''}"


def _to_integer(bits: int) -> Callable[[Any], int]:
    def converted(value: Any) -> int:  # noqa: ANN401 - a value of the row
        number = _whole(value)
        if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            raise NotConvertible(f"makes {number} an integer of {bits} bits")
        return number

    return converted


def _whole(value: Any) -> int:  # noqa: ANN401 - as above
    try:
        match value:
            case str():
                return int(Decimal(value.strip()).quantize(Decimal(1), ROUND_HALF_UP))
            case Decimal():
                return int(value.quantize(Decimal(1), ROUND_HALF_UP))
            case float():
                return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_EVEN))
            case bool() | int():
                return int(value)
            case _:
                raise Unverifiable(f"makes {type(value).__name__} an integer")
    except InvalidOperation:
        raise NotConvertible(f"makes '{value}' an integer") from None


def _to_double(value: Any) -> float:  # noqa: ANN401 - as above
    if isinstance(value, date | time):
        raise Unverifiable(f"makes {type(value).__name__} a number")
    try:
        return float(value)
    except ValueError:
        raise NotConvertible(f"makes '{value}' a number") from None


def _to_decimal(kind: exp.DataType) -> Callable[[Any], Decimal]:
    width, scale = [int(one.name) for one in kind.find_all(exp.DataTypeParam)] or [18, 3]  # of a decimal of no size
    step = Decimal(1).scaleb(-scale)

    def converted(value: Any) -> Decimal:  # noqa: ANN401 - a value of the row
        try:
            exact = Decimal(value.strip()) if isinstance(value, str) else Decimal(_scaled(value, scale))
            found = exact.quantize(step, ROUND_HALF_UP)
        except (InvalidOperation, TypeError, ValueError):
            raise NotConvertible(f"makes '{value}' a decimal") from None
        if abs(found) >= Decimal(10) ** (width - scale):
            raise NotConvertible(f"makes '{value}' a decimal of {width} digits")
        return found

    return converted


def _scaled(value: Any, scale: int) -> Any:  # noqa: ANN401 - as above
    """Return a floating-point number at the digits to be kept, rounded as an engine does: after scaling it."""
    if not isinstance(value, float):
        return value
    return Decimal(value * 10**scale).quantize(Decimal(1), ROUND_HALF_EVEN).scaleb(-scale)


def _to_truth(value: Any) -> bool:  # noqa: ANN401 - as above
    if isinstance(value, str):
        word = value.strip().lower()
        if word not in (*_TRUE, *_FALSE):
            raise NotConvertible(f"makes '{value}' a truth")
        return word in _TRUE
    if isinstance(value, bool | int | float | Decimal):
        return bool(value)
    raise Unverifiable(f"makes {type(value).__name__} a truth")


def _to_time(value: Any) -> datetime:  # noqa: ANN401 - as above
    match value:
        case str():
            return wall(_read(value))
        case date():
            return wall(value)
        case _:
            raise Unverifiable(f"makes {type(value).__name__} a time")


def _to_instant(value: Any) -> datetime:  # noqa: ANN401 - as above
    return _to_time(value).replace(tzinfo=UTC)


def _to_date(value: Any) -> date:  # noqa: ANN401 - as above
    return _to_time(value).date()


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise NotConvertible(f"makes '{text}' a time") from None


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    **{name: _to_integer(bits) for bits, names in _BOUNDS.items() for name in names},
    **dict.fromkeys(("DOUBLE",), _to_double),
    **dict.fromkeys(("TEXT", "VARCHAR", "NVARCHAR", "CHAR"), text_of),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPNTZ", "DATETIME"), _to_time),
    "TIMESTAMPTZ": _to_instant,
    "BOOLEAN": _to_truth,
    "DATE": _to_date,
}


def like(literal: str, other: Any) -> Any:  # noqa: ANN401 - as above
    """Return a text written in a definition as the type of the value that it is compared with.

    Example:
        >>> like("2024-01-01", date(2024, 5, 6))
        datetime.date(2024, 1, 1)
    """
    if other is None or isinstance(other, str):
        return literal
    for kind, convert in _LIKE:
        if isinstance(other, kind):
            return convert(literal)
    raise Unverifiable(f"compares {type(other).__name__} with a text")


_LIKE: tuple[tuple[type, Callable[[str], Any]], ...] = (
    (bool, _to_truth),
    (int, _whole),
    (float, _to_double),
    (Decimal, Decimal),
    (datetime, _to_time),
    (date, _to_date),
)
"""What a text becomes beside a value; a truth is an integer too, and a time a date, so they come first."""
