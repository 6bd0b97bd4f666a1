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


DIALECT = replace(
    SPARK,
    name="databricks",
    printer=Printer(),
    staged=False,
    whole=_whole,
)
