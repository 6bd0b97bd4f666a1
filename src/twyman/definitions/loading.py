"""The doors of this room: load a project, load one experiment, check a folder, read plain dictionaries."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from twyman.definitions.folder import Folder, Written, written
from twyman.definitions.node import Entry, Listing, Mapped, Node, Scalar
from twyman.definitions.project import Project, Reading, raise_all, read, read_path
from twyman.definitions.subject import Remark
from twyman.definitions.yaml_text import MAX_DEPTH
from twyman.experiments.experiment import Experiment
from twyman.kernel.errors import Invalid, NotFound, TwymanError, nearest
from twyman.kernel.time import duration_text


@dataclass(frozen=True, slots=True)
class Report:
    """What a folder of definitions holds, and everything that is wrong with it.

    Attributes:
        counts: Definitions by kind.
        errors: All errors, in the order of files and lines; each says where, what, why and what now.
        remarks: What isn't wrong, and that its author would want to know.
    """

    root: Path
    counts: Mapping[str, int]
    errors: tuple[TwymanError, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def __str__(self) -> str:
        held = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        remarks = [f"note: {remark}" for remark in self.remarks]
        if self.ok:
            return "\n".join([*remarks, f"all {sum(self.counts.values())} definitions are sound: {held}"])
        wrong = f"{len(self.errors)} error{'s' if len(self.errors) > 1 else ''}"
        return "\n".join([*remarks, *map(str, self.errors), f"{wrong} in: {held}" if held else wrong])


def load(path: Path | str) -> Project:
    """Read the project that a file or folder belongs to.

    Its root is the nearest folder, from the path upwards, with a project in its `twyman.yaml`; where
    there is none, the path's own folder.

    Raises:
        NotFound: If there is no such file or folder.
        Invalid: If anything in the project is wrong, but for slices that aren't allocated yet; `also` holds all
            errors after the first.
    """
    reading = read_path(Path(path))
    raise_all(_of_definitions(reading))
    return reading.project


def _of_definitions(reading: Reading) -> Iterator[TwymanError]:
    """Yield all errors but those of slices that aren't allocated yet, which only serving needs."""
    later = {*reading.flags.lock_errors}
    return (error for error in reading.errors if error not in later)


def load_experiment(path: Path | str, name: str | None = None) -> tuple[Project, Experiment]:
    """Read one experiment and the project around it; another experiment's errors don't stop it.

    Args:
        path: The file that holds the experiment; or, with a name, any file or folder of its project.
        name: Which experiment, where the file holds several.

    Raises:
        NotFound: If the file, or an experiment of this name, isn't there.
        Invalid: If the file holds no experiment, or several and no name is given; or if the experiment
            or what it may lean on is wrong.
    """
    path = Path(path)
    reading = read_path(path)
    chosen = name or _only(path, reading)
    its_flag = next((f"flag {each.node.text('flag')}" for each in _named(reading) if each.name == chosen), "flag ")
    in_its_way = {error for owner in ("", chosen, its_flag) for error in reading.faults.get(owner, ())}
    raise_all(error for error in reading.errors if error in in_its_way)
    if chosen not in reading.project.experiments:
        raise NotFound(f"experiment '{chosen}' isn't defined: {nearest(chosen, reading.project.experiments)}")
    return reading.project, reading.project.experiments[chosen]


def _named(reading: Reading) -> list[Written]:
    return [each for each in reading.documents if each.kind == "experiment" and each.name]


def _only(path: Path, reading: Reading) -> str:
    """Return the name of the only experiment in a file, or below a folder."""
    asked = path.resolve()
    names = list(dict.fromkeys(each.name for each in _named(reading) if _lies_in(each, asked)))
    if len(names) == 1:
        return names[0]
    if not names:
        raise_all(reading.errors)
        raise Invalid(f"'{path}' holds no experiment: name a file that has a document with kind: experiment")
    listed = ", ".join(f"'{each}'" for each in names)
    raise Invalid(
        f"'{path}' holds several experiments ({listed}), and one is analysed at a time: "
        f"name one, as in --experiment {names[0]}"
    )


def _lies_in(document: Written, asked: Path) -> bool:
    file = Path(document.origin.file).resolve()
    return file == asked or asked in file.parents


def check(folder: Path | str) -> Report:
    """Read a folder's project and report everything that is wrong with it.

    Raises:
        NotFound: If there is no such folder.
        Invalid: If it holds no definition at all.
    """
    reading = read_path(Path(folder))
    if not reading.documents and not reading.errors:
        raise Invalid(
            f"'{folder}' holds no definitions: name a folder with YAML files that say kind: metric, and so on"
        )
    return Report(reading.project.root, reading.project.counts, reading.errors, reading.remarks)


def project_of(
    definitions: Sequence[Mapping[str, Any]],
    *,
    tables: Mapping[str, object] | None = None,
    root: Path | str | None = None,
) -> Project:
    """Make a project of plain dictionaries, in the same shape as the files.

    Args:
        definitions: One dictionary a definition. A `table` may be any table held in memory (a DuckDB
            relation, a pandas, Polars or Arrow table) or a path.
        tables: Tables held in memory, by the name that definitions give as `table`.
        root: Folder against which paths are read; the present one unless said.

    Raises:
        Invalid: If anything in the definitions is wrong.

    Example:
        >>> units = {"kind": "units", "name": "cats", "table": "cats.csv", "row_is_unit": True,
        ...          "arm": "version", "outcomes": ["retention_7"]}
        >>> metric = {"kind": "metric", "name": "week", "type": "proportion", "value": {"outcome": "retention_7"}}
        >>> project_of([units, metric]).catalogue.metric("week").is_binary
        True
    """
    frames = dict(tables or {})
    plain = _Plain(frames)
    documents = tuple(written(plain.node(each, ()), "") for each in definitions)
    folder = Folder(Path(root or Path.cwd()).resolve(), declared=False, documents=documents)
    reading = read(folder, frames)
    raise_all(_of_definitions(reading))
    return reading.project


@dataclass(frozen=True, slots=True)
class _Plain:
    """Turns Python values into nodes; a table held in memory becomes a name for it."""

    frames: dict[str, object] = field(default_factory=dict[str, object])

    def node(self, value: object, path: tuple[str, ...]) -> Node:
        if len(path) > MAX_DEPTH:
            raise Invalid(f"definition nests deeper than {MAX_DEPTH} levels, as none does: does it hold itself?")
        match value:
            case None | bool() | int() | float() | str():
                return _scalar(value, path)
            case Mapping():
                items = cast("Mapping[object, object]", value).items()
                return Mapped(tuple(Entry(str(key), 0, self.node(item, (*path, str(key)))) for key, item in items))
            case list() | tuple():
                items = cast("Sequence[object]", value)
                return Listing(tuple(self.node(item, (*path, str(at))) for at, item in enumerate(items)))
            case _:
                return self._other(value, path)

    def _other(self, value: object, path: tuple[str, ...]) -> Node:
        if isinstance(value, Path):
            return _scalar(str(value), path)
        if isinstance(value, date):
            return _scalar(value.isoformat(), path)
        if isinstance(value, timedelta):
            return _scalar(duration_text(value), path)
        if path[-1:] == ("table",) or path[-2:-1] == ("tables",):
            name = f"table {len(self.frames) + 1} in memory"
            self.frames[name] = value
            return _scalar(name, path)
        raise Invalid(
            f"{'.'.join(path) or 'definition'} is a {type(value).__name__}, which no definition holds: "
            "write text, numbers, lists and dictionaries; tables go under 'table'"
        )


def _scalar(value: bool | int | float | str | None, path: tuple[str, ...]) -> Scalar:  # noqa: FBT001 - a scalar
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{'.'.join(path)} is {value}, with which nothing can be reckoned: write a finite number")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Scalar(str(value) if isinstance(value, str) else value, text)
