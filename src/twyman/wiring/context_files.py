"""Files of contexts, read so that one row gives one answer: as JSON lines, as Parquet, and as CSV.

A CSV says of no cell what it is. Each is text, therefore, and rules read it as what they compare it with, as they read
text that an application sends. An empty cell is an attribute that isn't there.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.distribution import LARGEST
from twyman.cohorts.drawn import unit_paths
from twyman.flags.context import with_targeting_key
from twyman.flags.faults import walk
from twyman.flags.state import State
from twyman.flags.targeting import AnyOf, EachOf, Exists, In, Is, Range, Test, Where
from twyman.kernel.errors import Invalid, NotFound
from twyman.warehouse.sources.relation import header_of, refuse_broken
from twyman.wiring.flags import contexts as read_lines

LINES = (".jsonl", ".ndjson", ".json")
COLUMNAR = (".csv", ".parquet")

Tables = Mapping[Path, pa.Table]


def read(root: Path, pattern: str, state: State) -> Cohort:
    """Return the contexts of a file, or of a pattern of files.

    Args:
        root: Folder from which they are named.
        pattern: Their name.
        state: The flags that are asked, which say what a cell is compared with.

    Raises:
        NotFound: If there is no such file.
        Invalid: If one can't be read, or they hold no context, or too many.
    """
    files = _files(root, pattern)
    kinds = {file.suffix for file in files}
    if kinds <= {*LINES}:
        rows = [with_targeting_key(each) for file in files for each in read_lines(file)]
        cohort = Cohort.of_contexts(rows)
    elif kinds <= {*COLUMNAR}:
        table = _joined({file: _table(file) for file in files})
        cohort = Cohort.of_table(_keyed(_compared(table, state) if ".csv" in kinds else table))
    else:
        raise Invalid(f"contexts '{pattern}' are {', '.join(sorted(kinds))}: give CSV, Parquet, or JSON lines (.jsonl)")
    if not 0 < len(cohort) <= LARGEST:
        raise Invalid(f"contexts '{pattern}' hold {len(cohort):,} rows: give between 1 and {LARGEST:,}")
    return cohort


def _files(root: Path, pattern: str) -> list[Path]:
    try:
        files = sorted(root.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
    except (ValueError, NotImplementedError):
        files = []
    files = [file for file in files if file.is_file()]
    if not files:
        raise NotFound(f"contexts '{pattern}' aren't there: name a file from '{root}', or --contexts FILE")
    return files


def _table(file: Path) -> pa.Table:
    try:
        if file.suffix == ".csv":
            return _csv(file)
        names = pa_parquet.ParquetFile(file).schema_arrow.names
        _refuse_twice(file, names)
        return cast("Any", pa_parquet).read_table(file)
    except (pa.ArrowException, OSError) as error:
        if file.suffix == ".csv":
            refuse_broken(file)
        raise Invalid(
            f"contexts '{file.name}' can't be read ({str(error).splitlines()[0]:.200}): mend the file"
        ) from None


def _csv(file: Path) -> pa.Table:
    names, delimiter = header_of(file)
    if any("\ufffd" in name for name in names):
        refuse_broken(file)
    _refuse_twice(file, names)
    converted = pa_csv.ConvertOptions(
        column_types={name: pa.large_string() for name in names}, null_values=[""], strings_can_be_null=True
    )
    return cast("Any", pa_csv).read_csv(
        file, parse_options=pa_csv.ParseOptions(delimiter=delimiter), convert_options=converted
    )


def _refuse_twice(file: Path, names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        where = f"line 1 of '{file.name}'" if file.suffix == ".csv" else f"'{file.name}'"
        raise Invalid(f"{where} has two columns '{twice}', and an attribute has one value: rename one, or take it away")


def _joined(tables: Tables) -> pa.Table:
    """Return the rows of all files, whose columns may differ, and their types may not."""
    kinds: dict[str, tuple[pa.DataType, Path]] = {}
    for file, table in tables.items():
        for field in cast("Any", table.schema):
            known, first = kinds.setdefault(field.name, (field.type, file))
            try:
                fields = [pa.schema([(field.name, kind)]) for kind in (known, field.type)]
                wider = cast("Any", pa).unify_schemas(fields, promote_options="permissive").field(0).type
            except pa.ArrowException:
                raise Invalid(
                    f"column '{field.name}' is {field.type} in '{file.name}', and {known} in '{first.name}': write it "
                    "as one type in all files"
                ) from None
            kinds[field.name] = wider, first
    return pa.concat_tables([*tables.values()], promote_options="permissive")


def _keyed(table: pa.Table) -> pa.Table:
    names = table.column_names
    if "targeting_key" in names or "targetingKey" not in names:
        return table
    return table.rename_columns(["targeting_key" if name == "targetingKey" else name for name in names])


def _compared(table: pa.Table, state: State) -> pa.Table:
    """Return a table of cells as text, where rules compare a column with nothing but numbers or truths, as these."""
    ids = unit_paths(state)
    for name, kinds in _operands(state).items():
        if name not in table.column_names or name in ids or not pa.types.is_large_string(table.column(name).type):
            continue
        column = table.column(name)
        if kinds == {bool}:
            column = _truths(column)
        elif kinds <= {int, float}:
            column = _numbers(column)
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _truths(column: Any) -> Any:  # noqa: ANN401 - an array of any type
    """Return truths; where some cell is none, text, in which those that are truths are written as JSON has them."""
    lower = cast("Any", pa_compute).utf8_lower(column)
    are = cast("Any", pa_compute).is_in(lower, value_set=pa.array(["true", "false"], pa.large_string()))
    written = cast("Any", pa_compute).if_else(are, lower, column)
    return written.cast(pa.bool_()) if are.filter(column.is_valid()).to_pylist().count(False) == 0 else written


def _numbers(column: Any) -> Any:  # noqa: ANN401 - an array of any type
    """Return numbers; where some cell is none, text."""
    for kind in (pa.int64(), pa.float64()):
        try:
            cast_ = column.cast(kind)
        except pa.ArrowInvalid:
            continue
        if all(math.isfinite(value) for value in cast_.unique().to_pylist() if value is not None):
            return cast_
    return column


def _operands(state: State) -> Mapping[str, set[type]]:
    """Return the types of what rules compare each attribute with; of tests that only text meets, text."""
    found: dict[str, set[type]] = {}
    whens = [each.when for each in state.segments.values()]
    whens += [rule.when for flag in state.flags.values() for rule in flag.rules]
    for part in (part for when in whens for part, _ in walk(when)):
        if isinstance(part, Where):
            found.setdefault(part.attribute, set()).update(_types(part.test))
    return {name: kinds for name, kinds in found.items() if kinds}


def _types(test: Test) -> Iterator[type]:
    match test:
        case AnyOf(inner) | EachOf(inner):
            yield from _types(inner)
        case Exists():
            return
        case Is(value):
            yield from _flat(value)
        case In(values):
            yield from _flat(values)
        case Range(start, end):
            yield from _flat((start, end))
        case _:
            yield str


def _flat(value: object) -> Iterator[type]:
    if isinstance(value, tuple):
        for each in cast("tuple[object, ...]", value):
            yield from _flat(each)
    elif value is not None:
        yield type(value)
