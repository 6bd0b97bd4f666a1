"""What Spark calls its types, in the words of definitions; and values of rows as plain ones."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from twyman.warehouse.dialects.spark import DIALECT
from twyman.warehouse.dialects.translation import printed

_WORDS = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "binary": "BLOB",
    "void": '"NULL"',
}


def type_word(kind: Mapping[str, Any] | str) -> str:
    """Return our word for a type; types that we have no word for keep their own.

    Args:
        kind: As Spark's schema has it in JSON.

    Example:
        >>> type_word("timestamp_ntz"), type_word("decimal(10,2)"), type_word("integer")
        ('TIMESTAMP', 'DECIMAL(10,2)', 'INTEGER')
        >>> type_word({"type": "array", "elementType": "long"})
        'BIGINT[]'
    """
    if isinstance(kind, str):
        plain = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(kind, kind)
        if plain.startswith(("varchar", "char")):
            return "VARCHAR" if plain.startswith("varchar") else "CHAR"
        return _WORDS.get(plain, plain.upper())
    match kind["type"]:
        case "array":
            return type_word(kind["elementType"]) + "[]"
        case "map":
            return f"MAP({type_word(kind['keyType'])}, {type_word(kind['valueType'])})"
        case "struct":
            return f"STRUCT({', '.join(_field(one) for one in kind['fields'])})"
        case _:
            return type_word(kind["sqlType"]) if "sqlType" in kind else str(kind["type"]).upper()


def _field(field: Mapping[str, Any]) -> str:
    return f'"{field["name"]}" {type_word(field["type"])}'


def spelled(word: str) -> str:
    """Return Spark's name of a type that is told in our words.

    Example:
        >>> spelled("STRUCT(a BIGINT)"), spelled("TIMESTAMP"), spelled("DOUBLE[]")
        ('STRUCT<a: BIGINT>', 'TIMESTAMP_NTZ', 'ARRAY<DOUBLE>')
    """
    return printed(exp.DataType.build(word, dialect=DuckDB()), DIALECT)


def plain(value: Any) -> Any:  # noqa: ANN401 - a cell of an answer
    """Return a value as rows of answers hold it: decimals as whole numbers where they are, else as floats.

    Example:
        >>> plain({"n": Decimal("12.0"), "of": [Decimal("1.5")]})
        {'n': 12, 'of': [1.5]}
    """
    match value:
        case Decimal():
            return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        case datetime():
            return value.replace(tzinfo=None)
        case dict():
            return {key: plain(one) for key, one in cast("dict[str, object]", value).items()}
        case list():
            return [plain(one) for one in cast("list[object]", value)]
        case _:
            return value
