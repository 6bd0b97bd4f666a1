"""Looks, kept beside the data they were taken of: one file a look, written once and never again.

A look is there as a whole or not at all (`durable`), and two readers can't both be the third.
"""

from datetime import date, datetime
from pathlib import Path

import msgspec
import numpy as np

from twyman.app.ports import (
    Cell,
    Cohort,
    Cutoff,
    DaySigns,
    Drawn,
    Entrants,
    Extreme,
    Kept,
    Look,
    Measured,
    Ranked,
    Scanned,
    Shared,
)
from twyman.kernel.errors import Conflict, Unavailable
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable
from twyman.warehouse.looks.durable import FAILING, write_once

FOLDER = Path(".twyman") / "looks"


class MomentsDocument(msgspec.Struct):
    """Moments, as they are written."""

    count: int
    means: list[float]
    products: list[list[float]]


class RankedDocument(msgspec.Struct):
    """What was fetched of a group's values, as it is written: ranks with their values."""

    count: int
    values: list[tuple[int, float]]
    clusters: MomentsDocument | None = None


class RiskDocument(msgspec.Struct):
    """Units watched and events by time, as they are written."""

    times: list[float]
    at_risk: list[float]
    events: list[float]


class MeasuredDocument(msgspec.Struct, kw_only=True):
    """What was measured, as it is written: pairs where a mapping's key is no text."""

    columns: dict[str, tuple[str, ...]]
    cells: list[tuple[Cell, MomentsDocument]]
    units: dict[str, int]
    crossovers: dict[str, int]
    days: list[tuple[str, str, date, MomentsDocument]]
    exposed: list[tuple[str, date, int]]
    entrants: Entrants
    cohorts: list[tuple[str, str, Cohort]]
    extremes: list[tuple[str, str, list[Extreme]]]
    scanned: list[Scanned]
    caps: dict[str, float]
    days_matured: int | None
    days_left_out: int | None
    signs: list[tuple[str, str, DaySigns]]
    zoneless: list[str]
    sql: list[str]
    strata: list[tuple[str, str, str, MomentsDocument]] = []
    ranks: list[tuple[Cell, RankedDocument]] = []
    risk: list[tuple[Cell, RiskDocument]] = []
    kept: list[Kept] = []
    drawn: Drawn | None = None
    members: list[tuple[Cell, int]] = []
    shared: list[Shared] = []


class LookDocument(msgspec.Struct, kw_only=True):
    """A look, as it is written."""

    experiment: str
    number: int
    cutoff: Cutoff
    plan: str
    taken_at: datetime
    reconstructed: bool
    version: str
    measured: MeasuredDocument


class LookFolder:
    """Fulfils `twyman.app.ports.LookBook` in a folder of files.

    Args:
        path: The warehouse's folder; looks lie in `.twyman/looks` below it.
    """

    def __init__(self, path: str | Path) -> None:
        self._folder = Path(path) / FOLDER

    def looks(self, experiment: str) -> tuple[Look, ...]:
        """Return the looks kept of this experiment, in order.

        Raises:
            Unavailable: If a file there can't be read as a look.
        """
        return tuple(_read(file) for file in sorted((self._folder / experiment).glob("[0-9]*.json")))

    def keep(self, look: Look) -> bool:
        """Append a look; return whether it could be kept (a read-only place keeps none).

        Raises:
            Conflict: If a look of this number is there already.
            Unavailable: If the disk gave out.
        """
        target = self._folder / look.experiment / f"{look.number:04d}.json"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_once(target, encoded(look))
        except FileExistsError as error:
            raise Conflict(
                f"look {look.number} of '{look.experiment}' is kept already, in {target}: "
                "looks are never rewritten; read it, or take the next one"
            ) from error
        except OSError as error:
            if error.errno in FAILING:
                raise Unavailable(f"look {look.number} can't be kept in {target}: {error.strerror}") from error
            return False
        return True


def _read(file: Path) -> Look:
    try:
        return decoded(file.read_bytes())
    except (msgspec.MsgspecError, OSError) as error:
        raise Unavailable(f"look {file} can't be read: {error}: restore it from a copy, or move it away") from error


def encoded(look: Look) -> bytes:
    """Return a look as it is written: JSON, from which it comes back to the last bit."""
    return msgspec.json.encode(_document(look))


def decoded(document: bytes) -> Look:
    """Return the look that a document holds.

    Raises:
        msgspec.MsgspecError: If it holds none.
    """
    return _look(msgspec.json.decode(document, type=LookDocument))


def _document(look: Look) -> LookDocument:
    found = look.measured
    return LookDocument(
        experiment=look.experiment,
        number=look.number,
        cutoff=look.cutoff,
        plan=look.plan,
        taken_at=look.taken_at,
        reconstructed=look.reconstructed,
        version=look.version,
        measured=MeasuredDocument(
            columns={metric: tuple(columns) for metric, columns in found.columns.items()},
            cells=[(cell, _written(moments)) for cell, moments in found.cells.items()],
            units=dict(found.units),
            crossovers=dict(found.crossovers),
            days=[(*key, _written(moments)) for key, moments in found.days.items()],
            exposed=[(*key, count) for key, count in found.exposed.items()],
            entrants=found.entrants,
            cohorts=[(*key, cohort) for key, cohort in found.cohorts.items()],
            extremes=[(*key, list(extremes)) for key, extremes in found.extremes.items()],
            scanned=list(found.scanned),
            caps=dict(found.caps),
            days_matured=found.days_matured,
            days_left_out=found.days_left_out,
            signs=[(*key, signs) for key, signs in found.signs.items()],
            zoneless=list(found.zoneless),
            sql=list(found.sql),
            strata=[(*key, _written(moments)) for key, moments in found.strata.items()],
            ranks=[(cell, _ranked(ranked)) for cell, ranked in found.ranks.items()],
            risk=[(cell, _risk(table)) for cell, table in found.risk.items()],
            kept=list(found.kept),
            drawn=found.drawn,
            members=list(found.members.items()),
            shared=list(found.shared),
        ),
    )


def _look(document: LookDocument) -> Look:
    found = document.measured
    return Look(
        experiment=document.experiment,
        number=document.number,
        cutoff=document.cutoff,
        plan=document.plan,
        taken_at=document.taken_at,
        reconstructed=document.reconstructed,
        version=document.version,
        measured=Measured(
            columns=found.columns,
            cells={cell: _moments(written) for cell, written in found.cells},
            units=found.units,
            crossovers=found.crossovers,
            days={(metric, arm, day): _moments(written) for metric, arm, day, written in found.days},
            exposed={(arm, day): count for arm, day, count in found.exposed},
            entrants=found.entrants,
            cohorts={(metric, arm): cohort for metric, arm, cohort in found.cohorts},
            extremes={(metric, arm): tuple(extremes) for metric, arm, extremes in found.extremes},
            scanned=tuple(found.scanned),
            caps=found.caps,
            days_matured=found.days_matured,
            days_left_out=found.days_left_out,
            signs={(metric, arm): signs for metric, arm, signs in found.signs},
            zoneless=tuple(found.zoneless),
            sql=tuple(found.sql),
            strata={(metric, arm, stratum): _moments(written) for metric, arm, stratum, written in found.strata},
            ranks={cell: _ranks(written) for cell, written in found.ranks},
            risk={cell: _risk_table(one) for cell, one in found.risk},
            kept=tuple(found.kept),
            drawn=found.drawn,
            members=dict(found.members),
            shared=tuple(found.shared),
        ),
    )


def _written(moments: Moments) -> MomentsDocument:
    return MomentsDocument(**moments.to_json())


def _moments(written: MomentsDocument) -> Moments:
    return Moments.from_json(msgspec.structs.asdict(written))


def _ranked(ranked: Ranked) -> RankedDocument:
    clusters = ranked.clusters and _written(ranked.clusters)
    return RankedDocument(ranked.count, list(ranked.values.items()), clusters)


def _risk(table: RiskTable) -> RiskDocument:
    return RiskDocument(table.times.tolist(), table.at_risk.tolist(), table.events.tolist())


def _risk_table(written: RiskDocument) -> RiskTable:
    return RiskTable(np.array(written.times), np.array(written.at_risk), np.array(written.events))


def _ranks(written: RankedDocument) -> Ranked:
    clusters = written.clusters and _moments(written.clusters)
    return Ranked(count=written.count, values=dict(written.values), clusters=clusters)
