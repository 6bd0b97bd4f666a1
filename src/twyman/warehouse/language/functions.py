"""The functions that a definition may call: one table of pure functions, each with an example of its use.

What is on the table computes from its arguments, in time and space that they bound, and gives the same
tomorrow. What isn't is refused by its name, so nobody has to list all that an engine can do to a disk. Our
words are DuckDB's; a function that no other engine is taught says so, and is refused there beforehand.

Method: allow-list over parsed trees. A function is known by the kind of node that its example is read as, so
that `len` and `length`, or `nvl` and `coalesce`, are one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp

from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Place
from twyman.warehouse.language.syntax import DIALECT


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        example: A call, in which `n` is a number, `k` a whole one, `s` a text, `b` a truth, `d` a date, `at` a
            timestamp, `j` JSON, `l` a list, `o` a structure with a field `a`.
        group: What it is about.
        only: Why no engine but DuckDB has it; empty: every engine has a form of it.
    """

    example: str
    group: str
    only: str = ""

    @property
    def name(self) -> str:
        """As a definition writes it.

        Example:
            >>> Function("lower(s)", "texts").name
            'lower'
        """
        return self.example.partition("(")[0]


def _group(group: str, *examples: str, only: str = "") -> tuple[Function, ...]:
    return tuple(Function(example, group, only) for example in examples)


_LISTS = "lists hold what each engine pleases, and this has no other form"
_OURS = "no other engine has a form of it that agrees to the last case"

FUNCTIONS: tuple[Function, ...] = (
    *_group(
        "numbers", "abs(n)", "sign(n)", "round(n, 1)", "floor(n)", "ceil(n)", "trunc(n)", "sqrt(n)", "cbrt(n)",
        "exp(n)", "ln(n)", "log10(n)", "log2(n)", "pow(n, 2)", "mod(k, 3)", "greatest(n, k)", "least(n, k)", "pi()",
        "radians(n)", "degrees(n)", "sin(n)", "cos(n)", "tan(n)", "asin(n)", "acos(n)", "atan(n)", "atan2(n, k)",
        "isnan(n)", "isinf(n)",
    ),
    *_group("numbers", "isfinite(n)", only="elsewhere it is: not isnan(n) and not isinf(n)"),
    *_group("conditions", "coalesce(n, 0)", "nullif(n, 0)", "if(b, 1, 0)"),
    *_group(
        "texts", "lower(s)", "upper(s)", "trim(s)", "ltrim(s)", "rtrim(s)", "length(s)", "concat(s, 'x')",
        "concat_ws('-', s, 'x')", "substring(s, 1, 2)", "left(s, 2)", "right(s, 2)", "replace(s, 'a', 'b')",
        "reverse(s)", "split_part(s, '-', 1)", "strpos(s, 'a')", "contains(s, 'a')", "starts_with(s, 'a')",
        "ends_with(s, 'a')", "lpad(s, 8, '0')", "ascii(s)", "chr(65)", "md5(s)", "sha256(s)",
    ),
    *_group("texts", "strip_accents(s)", "hash(s)", only=_OURS),
    *_group(
        "patterns", "regexp_matches(s, '^a')", "regexp_full_match(s, 'a.*')", "regexp_extract(s, '(a)', 1)",
        "regexp_replace(s, 'a', 'b')",
    ),
    *_group(
        "times", "year(at)", "quarter(at)", "month(at)", "week(at)", "day(at)", "dayofweek(at)", "isodow(at)",
        "dayofyear(at)", "hour(at)", "minute(at)", "second(at)", "dayname(at)", "monthname(at)", "last_day(at)",
        "epoch(at)", "extract(year from at)", "date_trunc('day', at)", "date_diff('day', at, at)",
        "date_add(d, interval 1 day)", "make_date(2024, 1, 2)", "make_timestamp(2024, 1, 2, 3, 4, 5)",
        "to_timestamp(k)", "strftime(at, '%Y')", "strptime(s, '%Y')", "date(at)",
    ),
    *_group("times", "date_part('year', at)", only="elsewhere it is: extract(year from at)"),
    *_group("times", "date_sub('day', at, at)", only="elsewhere it is: date_diff, which counts borders"),
    *_group("times", "time_bucket(interval 1 hour, at)", only="elsewhere it is: date_trunc"),
    *_group("times", "try_strptime(s, '%Y')", only="elsewhere a text that is no time is an error: mend it there"),
    *_group("JSON and structures", "json_extract(j, '$.a')", "json_extract_string(j, '$.a')"),
    *_group("JSON and structures", "struct_extract(o, 'a')", only="elsewhere it is: o.a"),
    *_group("JSON and structures", "json_array_length(j)", "json_exists(j, '$.a')", "json_valid(s)", only=_OURS),
    *_group("lists", "list_contains(l, 1)", "array_length(l)"),
    *_group(
        "lists", "list_filter(l, x -> x > 1)", "list_transform(l, x -> x + 1)", "list_sum(l)", "list_min(l)",
        "list_max(l)", "list_extract(l, 1)", "list_has_any(l, l)", "string_split(s, '-')", only=_LISTS,
    ),
)  # fmt: skip
"""What an expression may call."""

AGGREGATES: tuple[Function, ...] = (
    *_group(
        "aggregates", "count(n)", "sum(n)", "avg(n)", "min(n)", "max(n)", "any_value(n)", "arg_max(n, at)",
        "arg_min(n, at)", "bool_and(b)", "bool_or(b)", "stddev(n)", "stddev_pop(n)", "variance(n)", "var_pop(n)",
        "median(n)", "quantile_cont(n, 0.5)", "quantile_disc(n, 0.5)", "string_agg(s, ',')", "list(n)", "first(n)",
        "last(n)", "count_if(b)",
    ),
    *_group(
        "other rows", "row_number()", "rank()", "dense_rank()", "lag(n)", "lead(n)", "first_value(n)", "last_value(n)",
    ),
    *_group("lists", "unnest(l)"),
)  # fmt: skip
"""What the SELECT of a source may call besides; an expression sees one row, and has no use for them."""

_FILES = "reads a file, and {what} sees {scope}"
_REACHES = "reaches beyond {scope_of}"
_MOVES = "changes from one reading to the next, so no look could be read twice"
_GROWS = "makes much of little, and could fill memory"
_WAITS = "keeps the engine waiting"
_REASONS: Mapping[str, tuple[str, ...]] = {
    _FILES: ("read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto", "read_ndjson",
             "sniff_csv", "parquet_metadata", "parquet_schema"),
    _REACHES: (
        "read_text", "read_blob", "glob", "query", "query_table", "getenv", "current_setting", "set_config",
        "getvariable", "nextval", "currval", "which_secret", "pragma_version", "duckdb_settings", "duckdb_secrets",
        "sqlite_scan", "postgres_scan", "postgres_query", "mysql_scan", "iceberg_scan", "delta_scan",
        "pg_read_file", "pg_read_binary_file", "pg_ls_dir", "pg_stat_file", "lo_import", "lo_export", "dblink",
        "query_to_xml", "pg_terminate_backend", "pg_reload_conf",
        "url", "file", "s3", "hdfs", "remote", "remotesecure", "executable", "mysql", "postgresql", "mongodb", "redis",
        "sqlite", "jdbc", "odbc", "cluster", "dictget", "getsetting", "catboostevaluate",
        "reflect", "java_method", "try_reflect", "ai_query", "http_request", "secret", "read_files",
        "load_file", "external_query", "system$wait", "lambda_invoke",
    ),
    _MOVES: (
        "random", "rand", "uuid", "gen_random_uuid", "generateuuidv4", "uuidv4", "uuidv7", "now", "now64", "today",
        "yesterday", "get_current_time", "get_current_timestamp", "transaction_timestamp", "clock_timestamp",
        "statement_timestamp", "current_localtimestamp", "setseed", "txid_current", "monotonically_increasing_id",
    ),
    _GROWS: ("range", "generate_series", "unnest", "explode", "repeat", "rpad", "space", "printf", "format",
             "factorial", "list_resize", "array_resize", "sequence", "numbers", "zeros", "to_base", "bar", "flatten",
             "generate_subscripts", "arraywithconstant", "randomstring"),
    _WAITS: ("pg_sleep", "sleep", "sleepeachrow", "benchmark", "pg_advisory_lock"),
}  # fmt: skip
_WHY = {name: reason for reason, names in _REASONS.items() for name in names}

_PAD = 1_000
"""Characters to which a text may be padded."""


def called(node: exp.Expr) -> str:
    """Return the name by which a node calls a function, in lower case; empty where it calls none.

    Example:
        >>> called(sqlglot.parse_one("lower(s)")), called(sqlglot.parse_one("nope(s)")), called(sqlglot.parse_one("s"))
        ('lower', 'nope', '')
    """
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        return node.name.lower()
    if not isinstance(node, exp.Func) or isinstance(node, exp.And | exp.Or | exp.Xor | exp.Case | exp.Cast):
        return ""
    if isinstance(node, exp.UnixToTime) and node.args.get("scale"):
        return "epoch_ms"
    return _kinds(FUNCTIONS + AGGREGATES).get(type(node), (node.sql_name().lower(),))[0]


def is_known(node: exp.Expr, table: tuple[Function, ...] = FUNCTIONS) -> bool:
    """Say whether a node calls a function of the table, in a way that stays small.

    Example:
        >>> is_known(sqlglot.parse_one("lower(s)")), is_known(sqlglot.parse_one("getenv('HOME')"))
        (True, False)
    """
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        return node.name.lower() in names(table)
    if isinstance(node, exp.Pad):
        return bool(node.args.get("is_left")) and _is_short(node.expression)
    return type(node) in _kinds(table) and called(node) != "epoch_ms"


def refused(node: exp.Expr, *, scope: str = "its own row only") -> str:
    """Return why a call is refused, and the nearest function that isn't.

    Example:
        >>> refused(sqlglot.parse_one("getenv('HOME')"))
        'calls getenv(), which reaches beyond its row: leave it out'
        >>> refused(sqlglot.parse_one("lowr(s)")).partition(":")[0]
        "calls lowr(), which isn't among the functions that a definition may call (did you mean 'lower'?)"
    """
    name = called(node)
    if isinstance(node, exp.Pad) and node.args.get("is_left"):
        return f"pads to other than a written number of at most {_PAD:,} characters: write one"
    is_row = "row" in scope
    why = _WHY.get(name, "").format(
        what="an expression" if is_row else "a source", scope=scope, scope_of="its row" if is_row else "its tables"
    )
    if why.startswith("reads a file"):
        return f"calls {name}(), which {why}: leave it out"
    if why:
        return f"calls {name}(), which {why}: " + (
            "write a fixed value" if name in _REASONS[_MOVES] else "leave it out"
        )
    hint = nearest(name, names(FUNCTIONS))
    return (
        f"calls {name}(), which isn't among the functions that a definition may call ({hint}): "
        "correct it, or prepare the column in the warehouse"
    )


def refuse_foreign(tree: exp.Expr, written: str, engine: str, place: Place | None) -> None:
    """Refuse what only DuckDB computes, where another engine is asked.

    Args:
        tree: The expression, parsed.
        written: What it is, for the message.
        engine: Name of the engine, as in `postgres`.
        place: Where it was written.

    Raises:
        Invalid: If it calls a function that the engine hasn't.
    """
    if engine == "duckdb":
        return
    only = {one.name: one.only for one in FUNCTIONS if one.only}
    for node in tree.walk():
        name = called(node)
        if name in only:
            raise Invalid(f"{written} calls {name}(), which only DuckDB has: {only[name]}", place=place)


@cache
def names(table: tuple[Function, ...] = FUNCTIONS) -> frozenset[str]:
    """Return the names of a table's functions."""
    return frozenset(one.name for one in table)


@cache
def _kinds(table: tuple[Function, ...]) -> dict[type[exp.Expr], tuple[str, ...]]:
    """Return, for each kind of node that an example is read as, the names of its functions."""
    found: dict[type[exp.Expr], tuple[str, ...]] = {}
    for one in table:
        kind = type(sqlglot.parse_one(one.example, dialect=DIALECT))
        if not issubclass(kind, exp.Anonymous):
            found[kind] = (*found.get(kind, ()), one.name)
    return found


def _is_short(length: exp.Expr | None) -> bool:
    return isinstance(length, exp.Literal) and length.is_int and 0 <= int(length.name) <= _PAD


def documented(table: Iterable[Function] = FUNCTIONS) -> str:
    """Return the table as Markdown, a line a group; what only DuckDB has is set apart by a star.

    Example:
        >>> print(documented([Function("abs(n)", "numbers"), Function("list_sum(l)", "lists", "why")]))
        | about | functions |
        |---|---|
        | numbers | `abs` |
        | lists | `list_sum`* |
    """
    groups: dict[str, list[str]] = {}
    for one in table:
        groups.setdefault(one.group, []).append(f"`{one.name}`" + ("*" if one.only else ""))
    return "\n".join(["| about | functions |", "|---|---|", *(f"| {k} | {', '.join(v)} |" for k, v in groups.items())])
