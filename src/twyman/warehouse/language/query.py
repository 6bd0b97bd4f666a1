"""The SELECT of a source, as a user wrote it: one statement, that reads the warehouse's own tables and files.

It may do what a SELECT does with rows (join, group, stack, rank). It may not reach beyond the warehouse, ask
the clock or chance, or make rows out of nothing: all of that is refused before an engine sees it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.language import box, files, functions
from twyman.warehouse.language.rowcount import refuse_multiplied
from twyman.warehouse.language.syntax import call, text

LIMITS = box.Limits(characters=100_000, nodes=5_000)
KNOWN = functions.FUNCTIONS + functions.AGGREGATES

_CLAUSES = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Distinct, exp.With, exp.CTE, exp.Table, exp.TableAlias, exp.Subquery, exp.SetOperation, exp.Values,
    exp.Tuple, exp.Unnest, exp.Window, exp.WindowSpec, exp.Alias, exp.Star, exp.Exists, exp.Filter, exp.WithinGroup,
    exp.IgnoreNulls, exp.RespectNulls, exp.AnyValue,
)  # fmt: skip
_REFUSED: box.Reasons = {
    (exp.Into,): "is of kind SELECT INTO, and a source only reads: write one SELECT",
    box.COMMANDS: "holds a command, and a source only reads: write one SELECT",
    (exp.Placeholder, exp.Parameter, exp.PositionalColumn): "holds a placeholder, which nothing fills: write the value",
    box.MOVING: "changes from one reading to the next, so no look could be read twice: write a fixed value",
    (exp.Comprehension,): "makes lists of lists, and could fill memory: write list_filter or list_transform",
    (exp.Cube, exp.Rollup, exp.GroupingSets): "groups in many ways at once: write one GROUP BY",
}
_READERS = {
    "read_csv": "read_csv", "read_csv_auto": "read_csv", "read_parquet": "read_parquet",
    "parquet_scan": "read_parquet", "read_json": "read_json", "read_json_auto": "read_json", "read_ndjson": "read_json",
}  # fmt: skip
_OPTIONS = (
    "all_varchar", "auto_detect", "columns", "comment", "compression", "dateformat", "decimal_separator", "delim",
    "dtypes", "escape", "filename", "format", "header", "hive_partitioning", "names", "null_padding", "nullstr",
    "quote", "sample_size", "sep", "skip", "timestampformat", "types", "union_by_name",
)  # fmt: skip
_SYSTEM = ("information_schema", "pg_catalog", "system", "sys", "temp", "mysql", "performance_schema", "snowflake")
_SYSTEM_BEGIN = ("duckdb_", "pg_", "sqlite_", "pragma_", "svv_", "stl_", "stv_")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a source's SELECT may read.

    Attributes:
        folder: Where its files lie; `None` where there are tables only.
        tables: Gives the names of the warehouse's tables.
        engine: Name of the engine that is asked.
    """

    folder: Path | None
    tables: Callable[[], Iterable[str]]
    engine: str = "duckdb"


def read_query(sql: str, reach: Reach, place: Place | None) -> exp.Query:
    """Return the SELECT that a source's `sql` holds, with its files named by readers.

    Args:
        sql: What the user wrote.
        reach: What it may read.
        place: Where it was written.

    Raises:
        Invalid: If it is more or other than one SELECT over the warehouse's own tables and files.
    """
    try:
        given = box.statements(sql, LIMITS)
    except ValueError as error:
        raise Invalid(f"sql {error}: a source is one SELECT in DuckDB's dialect", place=place) from error
    if len(given) != 1:
        raise Invalid(
            f"sql holds {len(given)} statements, and a source is one SELECT: keep the SELECT and drop the rest",
            place=place,
        )
    query = given[0]
    if not isinstance(query, exp.Query | exp.Values):
        raise Invalid(
            f"sql is of kind {type(query).__name__.upper()}, and a source only reads: write one SELECT", place=place
        )
    tables = list(query.find_all(exp.Table))
    _refuse_all_else(query, {id(one.this) for one in tables}, place)
    own = {cte.alias.lower() for cte in query.find_all(exp.CTE) if not _is_special(cte.alias)}
    for one in tables:
        _check_table(one, own, reach, place)
    functions.refuse_foreign(query, "sql", reach.engine, place)
    refuse_multiplied(query, place)
    box.refuse_growing(query, "sql", place)
    return query if isinstance(query, exp.Query) else exp.select("*").from_(query)


def _refuse_all_else(query: exp.Expr, heads: set[int], place: Place | None) -> None:
    for node in _parts(query, heads):
        reason = next((why for kinds, why in _REFUSED.items() if isinstance(node, kinds)), "")
        if not reason and not isinstance(node, _CLAUSES) and not box.is_plain(node):
            reason = _unknown(node)
        if reason:
            raise Invalid(f"sql {reason}", place=place)


def _unknown(node: exp.Expr) -> str:
    if functions.is_known(node, KNOWN):
        return ""
    if functions.called(node):
        return functions.refused(node, scope="its warehouse only")
    return f"holds {box.what_is(node)}, which isn't among what a source may say: write one plain SELECT"


def _parts(node: exp.Expr, heads: set[int]) -> Iterator[exp.Expr]:
    """Walk a tree, but for what is called in FROM, which is checked with its table."""
    return (one for one in node.walk(prune=lambda one: id(one) in heads) if id(one) not in heads)


def _check_table(found: exp.Table, own: set[str], reach: Reach, place: Place | None) -> None:
    head = found.this
    if not all(isinstance(part, exp.Identifier) for part in found.parts[:-1]):
        raise Invalid("sql names a table by a call: write its name", place=place)
    if not isinstance(head, exp.Identifier):
        found.set("this", _reader(head, reach, place))
        return
    title = head.name
    if len(found.parts) == 1 and (title.lower() in own or (_is_special(title) and title in reach.tables())):
        return
    refuse_catalogue([part.name for part in found.parts], place)
    if len(found.parts) == 1 and files.is_file(title):
        ending = files.ending_of(title)
        kind = {files.PARQUET: "parquet", files.JSON_LINES: "json", files.TEXT_FILES: "csv"}
        reader = next((f"read_{one}" for endings, one in kind.items() if ending in endings), "")
        _refuse_outside(title, reach, place)
        if not reader:
            raise Invalid(
                f"sql reads '{title}', which has no ending of a data file: name it as in plays.csv", place=place
            )
        found.set("this", call(reader, text(title)))
        if not found.alias:
            found.set("alias", exp.TableAlias(this=exp.to_identifier(title, quoted=True)))


def _is_special(title: str) -> bool:
    return files.is_file(title) or title.lower().startswith(_SYSTEM_BEGIN)


def refuse_catalogue(names: list[str], place: Place | None) -> None:
    """Refuse a table that tells of the engine, and not of the data.

    Args:
        names: The parts of the table's name.
        place: Where it was written.

    Raises:
        Invalid: If it is one.
    """
    *schemas, title = (name.lower() for name in names)
    if any(schema in _SYSTEM for schema in schemas) or title.startswith(_SYSTEM_BEGIN):
        raise Invalid(
            f"table '{'.'.join(names)}' tells of the engine and not of the data: name a table of the warehouse",
            place=place,
        )


def _reader(head: exp.Expr, reach: Reach, place: Place | None) -> exp.Expr:
    name = functions.called(head)
    reader = _READERS.get(name)
    if reader is None:
        what = functions.refused(head, scope="its warehouse only") if name else f"reads from {box.what_is(head)}"
        raise Invalid(f"sql {what}", place=place)
    given = [head.this, *head.expressions] if isinstance(head, exp.ReadCSV) else list(head.expressions)
    titles = given[0].expressions if given and isinstance(given[0], exp.Array) else given[:1]
    if not titles or not all(isinstance(one, exp.Literal) and one.is_string for one in titles):
        raise Invalid(f"sql calls {name}() with other than the written name of a file: write it", place=place)
    for one in titles:
        _refuse_outside(one.name, reach, place)
    for option in given[1:]:
        _refuse_option(option, name, place)
    return call(reader, *given)


def _refuse_option(option: exp.Expr, reader: str, place: Place | None) -> None:
    if not isinstance(option, exp.EQ | exp.PropertyEQ) or option.this.name.lower() not in _OPTIONS:
        raise Invalid(
            f"sql gives {reader}() the option '{option.this.name or option.sql()}': it may have {', '.join(_OPTIONS)}",
            place=place,
        )
    values = (exp.Literal, exp.Boolean, exp.Array, exp.Struct, exp.PropertyEQ, exp.Identifier, exp.Neg)
    if not all(isinstance(node, values) for node in option.expression.walk()):
        raise Invalid(f"option '{option.this.name}' of {reader}() in sql is no written value: write one", place=place)


def _refuse_outside(title: str, reach: Reach, place: Place | None) -> None:
    if reach.folder is None:
        raise Invalid(f"sql reads file '{title}', and this warehouse has tables only: load it there", place=place)
    files.refuse_outside(reach.folder, title, place)
