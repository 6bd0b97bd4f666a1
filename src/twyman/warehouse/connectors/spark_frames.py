"""Tables held in memory, as Spark takes them."""

from typing import Any, Protocol, runtime_checkable

from twyman.warehouse.connector import Refused
from twyman.warehouse.connectors.spark_session import quoted


@runtime_checkable
class Lazy(Protocol):
    """A table not computed yet, such as a Polars LazyFrame."""

    def collect(self) -> object:
        """Compute it."""
        ...


def as_arrow(name: str, data: Any) -> Any:  # noqa: ANN401 - pyarrow is optional
    """Return a table held in memory as Spark takes it.

    Raises:
        Refused: If it is no table.
    """
    import pyarrow as pa  # noqa: PLC0415 - of an extra

    if isinstance(data, Lazy):
        data = data.collect()
    for made in ("to_arrow_table", "to_arrow"):
        if hasattr(data, made):
            data = getattr(data, made)()
    try:
        table: Any = data if isinstance(data, pa.Table) else pa.table(data)
        return table.cast(pa.schema([pa.field(one.name, _taken(one.type)) for one in table.schema]))
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise Refused(
            f"table '{name}' of type {type(data).__name__} can't be read: "
            "give a DuckDB relation, or a pandas, Polars or Arrow table"
        ) from error


def _taken(kind: Any) -> Any:  # noqa: ANN401 - as above
    """Return the nearest type that Spark has."""
    import pyarrow as pa  # noqa: PLC0415 - of an extra

    if pa.types.is_dictionary(kind):
        return _taken(kind.value_type)
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if pa.types.is_unsigned_integer(kind):
        return pa.decimal128(20, 0) if kind.bit_width == 64 else pa.int64()
    return kind


def selected(field: Any) -> str:  # noqa: ANN401 - of pyarrow, which is optional
    """Return what selects a column of such a table: a time without a zone stays a clock on the wall."""
    import pyarrow as pa  # noqa: PLC0415 - of an extra

    name = quoted(str(field.name))
    zoneless = pa.types.is_timestamp(field.type) and field.type.tz is None
    return f"CAST({name} AS TIMESTAMP_NTZ) AS {name}" if zoneless else name
