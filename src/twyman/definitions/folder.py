"""Which files belong together: the project's root, and every definition file below it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twyman.definitions.node import Mapped, Node, Scalar, lines
from twyman.definitions.yaml_text import MAX_BYTES, yaml_documents
from twyman.kernel.errors import Invalid, NotFound, TwymanError
from twyman.kernel.place import Origin, Place
from twyman.metrics.catalogue import SOURCE_WORDS

PROJECT_FILE = "twyman.yaml"

MAX_FILES = 10_000
"""More files than this is a folder that holds something else too."""

_SKIPPED = {"node_modules", "__pycache__", "venv"}
_SUFFIXES = (".yaml", ".yml", ".twyman.json")
_IS_PROJECT = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?kind[\"']?\s*:\s*[\"']?project\b", re.MULTILINE)
_NAME = re.compile(rb"^[\s{]*[\"']?name[\"']?\s*:\s*[\"']?([a-z][a-z0-9_-]*)", re.MULTILINE)
_HAS_KIND = re.compile(
    rb"^[\s{]*[\"']?kind[\"']?\s*:\s*[\"']?"
    rb"(project|facts|attributes|exposures|units|aggregates|metric|experiment|history|flag|segment|group|client|import|contexts|surface)\b",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Written:
    """One document of a file, as it was written."""

    node: Mapped
    origin: Origin

    @property
    def kind(self) -> str:
        """What it says after `kind:`; empty where it says nothing."""
        return self.node.text("kind")

    @property
    def name(self) -> str:
        """Its name; empty where it has none."""
        return self.node.text("name")


@dataclass(frozen=True, slots=True)
class Folder:
    """All that was read below a root.

    Attributes:
        declared: Whether the root has a project file.
        errors: Why some files couldn't be read.
        lost: Names that seem to be defined in those files.
        unread: What seems to be defined in those files: kind, name, and why it can't be read.
    """

    root: Path
    declared: bool
    documents: tuple[Written, ...] = ()
    errors: tuple[TwymanError, ...] = field(default=())
    lost: frozenset[str] = frozenset()
    unread: tuple[tuple[str, str, TwymanError], ...] = ()


def read_folder(path: Path) -> Folder:
    """Read every definition file of the project that a file or folder belongs to.

    Raises:
        NotFound: If there is no such file or folder.
        Invalid: If there are more files than a project has.
    """
    if not os.path.exists(path):  # the path's own method raises where a name is too long
        raise NotFound(f"'{path}' isn't there: check the path, or run twyman from another folder")
    start = path if path.is_dir() else path.parent
    root = _root(start.resolve())
    documents: list[Written] = []
    errors: list[TwymanError] = []
    lost: set[str] = set()
    unread: list[tuple[str, str, TwymanError]] = []
    asked = path.resolve()
    files = _files(root or start.resolve(), asked)
    if root is None and asked.is_file():
        files = (file for file in files if file.parent == asked.parent)
    for file in files:
        try:
            documents += _documents(file, strict=root is not None or file == asked)
        except TwymanError as error:
            errors.append(error)
            lost |= _names(file)
            unread += [(kind, name, error) for kind, name in defined(file)]
    if root is None and asked.is_file():
        documents = _own_first(documents, asked)
    return Folder(
        root or start.resolve(), root is not None, tuple(documents), tuple(errors), frozenset(lost), tuple(unread)
    )


def _own_first(documents: list[Written], asked: Path) -> list[Written]:
    """Return a lone file's documents, and of the files beside it those whose names it doesn't define itself."""

    def named(document: Written) -> tuple[str, str]:
        return ("source" if document.kind in SOURCE_WORDS.values() else document.kind, document.name)

    own = [document for document in documents if Path(document.origin.file).resolve() == asked]
    taken = {named(document) for document in own}
    return [document for document in documents if document in own or named(document) not in taken]


def _names(file: Path) -> set[str]:
    """Return what seem to be names in a file that can't be read, so that nothing else is said to lack them."""
    try:
        with file.open("rb") as opened:
            return {found.decode() for found in _NAME.findall(opened.read(MAX_BYTES))}
    except OSError:
        return set()


def defined(file: Path) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what seems to be defined in a file, whether it can be read or not."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES)
    except OSError:
        return
    yield from named_in(data)


def named_in(data: bytes) -> Iterator[tuple[str, str]]:
    r"""Yield kind and name of what seems to be defined in a text.

    Example:
        >>> list(named_in(b"kind: flag\nname: start-page\n---\nkind: segment\nname: testers"))
        [('flag', 'start-page'), ('segment', 'testers')]
    """
    for chunk in re.split(rb"^---", data, flags=re.MULTILINE):
        kind, name = _HAS_KIND.search(chunk), _NAME.search(chunk)
        if kind and name:
            yield kind[1].decode(), name[1].decode()


def shown(file: Path) -> str:
    """Return a file's name as its user would write it: from where they stand, if it lies below."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _root(start: Path) -> Path | None:
    return next((folder for folder in (start, *start.parents) if _is_project(folder)), None)


def _is_project(folder: Path) -> bool:
    try:
        with (folder / PROJECT_FILE).open("rb") as file:
            return _IS_PROJECT.search(file.read(MAX_BYTES)) is not None
    except OSError:
        return False


def _files(root: Path, asked: Path) -> Iterator[Path]:
    """Yield the file asked for, wherever it lies, and then every other definition file below a root, in order."""
    if asked.is_file():
        yield asked
    for count, file in enumerate(_below(root), start=1):
        if count > MAX_FILES:
            raise Invalid(
                f"folder '{shown(root)}' holds more than {MAX_FILES:,} YAML files, as no project does: "
                f"keep definitions in a folder of their own, with a {PROJECT_FILE}"
            )
        if file != asked:
            yield file


def _below(root: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if _belongs(Path(folder) / name))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(folder) / name


def _belongs(folder: Path) -> bool:
    return not (folder.name.startswith(".") or folder.name in _SKIPPED or _is_project(folder))


def _documents(file: Path, *, strict: bool) -> list[Written]:
    name = shown(file)
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise Invalid(f"file can't be read ({error.strerror}): check its permissions", place=Place(name, 1)) from None
    if not strict and not _HAS_KIND.search(data):
        return []  # beside a lone file may lie any YAML, of anybody's
    return [written(node, name) for node in yaml_documents(data, name) if not _is_empty(node)]


def written(node: Node, file: str) -> Written:
    """Return a node as a document with its lines.

    Raises:
        Invalid: If it isn't a mapping.
    """
    if not isinstance(node, Mapped):
        raise Invalid(
            "document isn't a mapping, and every definition is one: begin with kind: metric, or another kind",
            place=Place(file, node.line) if file else None,
        )
    first = node.entries[0].line if node.entries else node.line
    return Written(node, Origin(file, {"": first, **dict(lines(node))}))


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
