"""Databricks: Spark's words in one statement; generated and read back, not executed here."""

from dataclasses import replace

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks as Printer

from twyman.warehouse.dialects.spark import DIALECT as SPARK
from twyman.warehouse.dialects.tree import called, literal, rows_as_json


def _whole(part: exp.Query) -> exp.Query:
    every = exp.Column(this=exp.Star(), table=exp.to_identifier("answer"))
    # Nulls are left out unless they are asked for.
    options = called("map", literal("ignoreNullFields"), literal("false"))
    return rows_as_json(part, called("to_json", called("struct", every), options))


def _epoch_us(moment: exp.Expr) -> exp.Expr:
    # Of an instant: the session is in UTC, so that a clock on the wall is one.
    return called("unix_micros", exp.cast(moment, "TIMESTAMPTZ"))


DIALECT = replace(
    SPARK,
    name="databricks",
    printer=Printer(),
    words={**SPARK.words, "epoch_us": _epoch_us},
    staged=False,
    whole=_whole,
)
