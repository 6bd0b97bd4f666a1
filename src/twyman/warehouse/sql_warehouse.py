"""A warehouse behind any connector: questions become statements, and their rows moments."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from sqlglot import exp

from twyman.app.audited import Audited
from twyman.app.ports import Asked, Coexposed, Dealt, Extent, Measured, Paired, Question
from twyman.experiments.experiment import Entry
from twyman.warehouse.connector import Connector, Keeping, Refused
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.model import CELLS, PART, SEEN, Statement
from twyman.warehouse.state.refresh import Refresh
from twyman.warehouse.state.sketch import Sketch
from twyman.warehouse.statement.aggregates import compiled_counts, extent_of_counts, measured_counts
from twyman.warehouse.statement.answer import aware, measured
from twyman.warehouse.statement.audit import audited, compiled_assignments, compiled_audit
from twyman.warehouse.statement.centres import centred, far_columns
from twyman.warehouse.statement.coexposure import coexposed, compiled_coexposure
from twyman.warehouse.statement.compile import compiled_exposures, metrics_of
from twyman.warehouse.statement.dealt import compiled_dealing
from twyman.warehouse.statement.dealt_answer import dealt_of
from twyman.warehouse.statement.extent import extent_of, extent_queries
from twyman.warehouse.statement.filtered import compiled_left_out, filters
from twyman.warehouse.statement.pairs import pairs
from twyman.warehouse.statement.refusals import refuse_all_null, refuse_conflicts, refuse_empty, refuse_not_finite
from twyman.warehouse.statement.unit_tables import compiled_units


class SqlWarehouse:
    """Fulfils `twyman.app.ports.Warehouse`.

    Args:
        connector: The engine that holds the data.
        frames: Tables held in memory, by the name that definitions call them.
        incremental: Whether what was read is kept, where the connector can, so that the next reading reads what is new.
    """

    def __init__(
        self, connector: Connector, frames: Mapping[str, object] | None = None, *, incremental: bool = False
    ) -> None:
        self._engine = Engine(connector, frames)
        self._refresh = Refresh(self._engine, connector) if incremental and isinstance(connector, Keeping) else None

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        return self._engine.connector.engine

    @property
    def read(self) -> Mapping[str, int]:
        """Rows of each source that the last refresh read and kept."""
        return dict(self._refresh.read) if self._refresh else {}

    @contextmanager
    def together(self, questions: Sequence[Question]) -> Generator[None]:
        """Read each source of facts once for all of some questions; they are then answered from what was read.

        What was read is kept where the warehouse is incremental, and else goes with the end of the context.

        Args:
            questions: With the latest cut-off that any reading of theirs may have.

        Raises:
            NotFound, Invalid, Unavailable: As `measure` does.
        """
        before, connector = self._refresh, self._engine.connector
        dated = [one for one in questions if one.experiment.entry is Entry.EXPOSURES]
        if before is None and isinstance(connector, Keeping):
            self._refresh = Refresh(self._engine, connector, scratch=True)
        try:
            if self._refresh is not None:
                self._refresh.together(dated)
            yield
        finally:
            if self._refresh is not None:
                self._refresh.close()
            self._refresh = before

    def extent(self, question: Question) -> Extent:
        """Say from when to when the data run; a table of units has no dates.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a column isn't, or tells no time.
        """
        match question.experiment.entry:
            case Entry.EXPOSURES:
                if self._refresh is not None:
                    self._refresh.together([question])
                return extent_of(self._engine, question, metrics_of(question))
            case Entry.UNITS:
                return Extent()
            case Entry.AGGREGATES:
                counts = compiled_counts(self._engine, question, metrics_of(question))
                return extent_of_counts(counts, self._engine.rows(counts.query))

    def measure(self, question: Question) -> Measured:
        """Reduce the data to moments, at the question's cut-off.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data, or nobody entered.
            Unavailable: If the engine gave out.
        """
        if question.experiment.entry is Entry.AGGREGATES:
            counts = compiled_counts(self._engine, question, metrics_of(question))
            return measured_counts(counts, self._engine.rows(counts.query), self._engine.printed(counts.query))
        if self._refresh is not None and question.experiment.entry is Entry.EXPOSURES:
            self._refresh.together([question])
            statement = compiled_exposures(self._engine, question, self._refresh)
        else:
            statement = self._compiled(question)
        rows = self._engine.answer(statement.query)
        refuse_conflicts(question, rows)
        refuse_not_finite(self._engine, statement, rows)
        if centres := far_columns(statement, rows):
            statement = centred(statement, centres)
            rows = self._engine.answer(statement.query)
        older = [row["source"] for row in rows if row[PART] == SEEN and row["last_at"] is None]
        latest = {source: statement.latest[source] for source in older}
        last = {source: aware(self._engine.rows(query)[0]["last_at"]) for source, query in latest.items()}
        sql = (*self._engine.script(statement.query), *(self._engine.printed(query) for query in latest.values()))
        found = measured(statement, rows, sql, last)
        refuse_empty(self._engine, question, statement, found)
        refuse_all_null(self._engine, statement, [row for row in rows if row[PART] == CELLS])
        return found

    def coexposed(self, question: Question) -> Coexposed:
        """Count, by arm, which variants of all other experiments the units met before the question's cut-off.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data.
            Unavailable: If the engine gave out.
        """
        query = compiled_coexposure(self._engine, question)
        return coexposed(question, self._engine.answer(query), self._engine.script(query))

    def paired(self, questions: Sequence[Question]) -> Paired:
        """Count the units that any two experiments share, by arm and arm, in one statement.

        Args:
            questions: One an experiment, all of one entity and with one cut-off.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data.
            Unavailable: If the engine gave out.
        """
        return pairs(self._engine, questions)

    def audit(self, question: Question) -> Audited:
        """Count what each arm's units did around their exposure; of tables of units and counts nothing can be told.

        Sources are read whole, whatever is kept of them: what is kept are sums, and an audit looks at rows.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data.
            Unavailable: If the engine gave out.
        """
        if question.experiment.entry is not Entry.EXPOSURES:
            return Audited()
        rows, sql = self._answered(compiled_audit(self._engine, question))
        assigned, sql_assigned = self._answered(compiled_assignments(self._engine, question))
        left_out, sql_left_out = self._answered(self._left_out(question))
        return audited(question, rows or [], (*sql, *sql_assigned, *sql_left_out), assigned=assigned, left_out=left_out)

    def _answered(self, query: exp.Query | None) -> tuple[list[Row] | None, tuple[str, ...]]:
        """Return the rows of a statement, and what ran for them; `None` and nothing where there is none to ask."""
        return (None, ()) if query is None else (self._engine.answer(query), self._engine.script(query))

    def dealt(self, question: Question, *, by: str = "", by_day: bool = False) -> Dealt:
        """Reduce an experiment's units to moments by bucket, a hash of their ids.

        Args:
            question: The experiment, whose dimensions and strata play no part.
            by: Entity whose ids are hashed while units are analysed one by one; empty: what is analysed.
            by_day: Whether days of exposure are told apart.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data, or nobody entered.
            Unavailable: If the engine gave out.
        """
        dealing = compiled_dealing(self._engine, question, by=by, by_day=by_day)
        return dealt_of(dealing, question, self._engine.answer(dealing.query), self._engine.script(dealing.query))

    def sql(self, question: Question, about: Asked = Asked.EFFECTS) -> tuple[str, ...]:
        """Return the statements that `measure` would run, in order, or those of what else is asked; nothing is written.

        Where what is read is kept, those that would keep what is new come first, and the last reads what is kept so
        far and, of the source, the rest.

        Args:
            question: The experiment, and its cut-off.
            about: What is asked of it.

        Raises:
            NotFound: If a source or its table isn't there.
            Invalid: If a definition doesn't fit the data.
        """
        if about is Asked.EFFECTS:
            return self._effects_sql(question)
        if question.experiment.entry is not Entry.EXPOSURES:
            return ()
        return tuple(text for query in self._queries(question, about) for text in self._engine.script(query))

    def _queries(self, question: Question, about: Asked) -> list[exp.Query]:
        """Return what is asked of units that enter by exposures, beside their effects."""
        match about:
            case Asked.EXTENT:
                return extent_queries(self._engine, question, metrics_of(question))
            case Asked.LATEST:
                return list(self._compiled(question).latest.values())
            case Asked.OTHERS:
                return [compiled_coexposure(self._engine, question)]
            case Asked.ROWS:
                return [compiled_audit(self._engine, question)]
            case Asked.FILTERED:
                asked = self._left_out(question)
            case _:
                asked = compiled_assignments(self._engine, question)
        return [] if asked is None else [asked]

    def _left_out(self, question: Question) -> exp.Query | None:
        """Return what is asked of whom the source's filter leaves out; nothing without one."""
        return compiled_left_out(self._engine, question) if filters(question) else None

    def _effects_sql(self, question: Question) -> tuple[str, ...]:
        if question.experiment.entry is Entry.AGGREGATES:
            return (self._engine.printed(compiled_counts(self._engine, question, metrics_of(question)).query),)
        if self._refresh is None or question.experiment.entry is not Entry.EXPOSURES:
            return self._engine.script(self._compiled(question).query)
        sketch = Sketch(self._refresh.keeping)
        refresh = Refresh(self._engine, sketch)
        refresh.together([question])
        statement = compiled_exposures(self._engine, question, refresh)
        return (*sketch.statements, *self._engine.script(statement.query))

    def cost(self, sql: str) -> int | None:
        """Return how many bytes one of these statements would read, at most; `None` where the engine can't tell.

        Raises:
            Unavailable: If the engine doesn't answer.
        """
        try:
            return self._engine.connector.cost(sql)
        except Refused:  # it names what a statement before it makes
            return None

    def cancel(self) -> None:
        """End what is running, from another thread."""
        self._engine.connector.cancel()

    def beside(self, connector: Connector) -> "SqlWarehouse":
        """Return a warehouse over another connection to the same data, that shares what `together` reads here."""
        made = SqlWarehouse(connector, self._engine.frames, incremental=self._refresh is not None)
        if made._refresh is None:
            made._engine.standing_in = self._engine.standing_in
        return made

    def _compiled(self, question: Question) -> Statement:
        if question.experiment.entry is Entry.UNITS:
            return compiled_units(self._engine, question, metrics_of(question))
        return compiled_exposures(self._engine, question)
