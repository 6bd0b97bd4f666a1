"""Which files a definition may read: those inside its warehouse's folder, wherever links and dots would lead.

A file is named from that folder, in definitions and in printed statements alike, so that both mean the same on
every machine; a connector makes the names absolute as it runs a statement.
"""

import glob
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin, Place
from twyman.metrics.source import AggregateSource, Source, Table

TEXT_FILES = (".csv", ".tsv", ".txt", ".psv")
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
PACKED = (".gz", ".zst")
ICEBERG = "iceberg:"
"""How the name of a table begins that an Iceberg catalogue has."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def ending_of(title: str) -> str:
    """Return the ending that says what a file holds, whatever it is packed in.

    Example:
        >>> ending_of("plays/*.csv.gz"), ending_of("plays")
        ('.csv', '')
    """
    path = PurePath(title)
    return PurePath(path.stem).suffix if path.suffix in PACKED else path.suffix


def is_file(title: str) -> bool:
    """Say whether a name is meant as that of a file, or of something to fetch, rather than of a table.

    Example:
        >>> is_file("plays.csv"), is_file("https://x/plays"), is_file("shop.plays")
        (True, True, False)
    """
    return ending_of(title) in (*TEXT_FILES, *JSON_LINES, *PARQUET) or "/" in title or bool(_ADDRESS.match(title))


def refuse_outside(folder: Path, title: str, place: Place | None, *, links: bool = False) -> None:
    """Refuse a file that doesn't lie in a folder.

    Args:
        folder: The warehouse's.
        title: Name or pattern of the file, from the folder.
        place: Where the definition names it.
        links: Whether a link may lead to data elsewhere: to a file that ends as the link does.

    Raises:
        Invalid: If it is an address, leads out by `..` or an absolute path, or is a link to elsewhere.
    """
    if _ADDRESS.match(title):
        raise Invalid(
            f"'{title}' would be fetched from elsewhere, and definitions read their warehouse only: load it there",
            place=place,
        )
    home = folder.resolve()
    if "\0" in title or title.startswith("~") or ".." in PurePath(title).parts:
        raise Invalid(_outside(title, folder), place=place)
    if PurePath(title).is_absolute() and not _beginning(title).resolve().is_relative_to(home):
        raise Invalid(_outside(title, folder), place=place)
    for each in glob.iglob(str(folder / title), recursive=True):
        if not Path(each).resolve().is_relative_to(home) and not (links and _to_data(Path(each))):
            raise Invalid(
                f"'{each}' is a link that leaves the warehouse's folder '{folder}': "
                "copy the file there, or set warehouse.path to a folder that holds both",
                place=place,
            )


def folders_linked(folder: Path, sources: Iterable[Source]) -> tuple[Path, ...]:
    """Return the folders elsewhere in which data lie that links in a folder lead to, of the tables that sources name.

    Whoever may put a link into the warehouse's folder may put the data there; a definition can't.
    """
    home = folder.resolve()
    titles = [title for source in sources for title in _titles(source) if is_file(title)]
    plain = [title for title in titles if not PurePath(title).is_absolute() and ".." not in PurePath(title).parts]
    found = (Path(each) for title in plain for each in glob.iglob(str(folder / title), recursive=True))
    led = {one.resolve().parent for one in found if not one.resolve().is_relative_to(home) and _to_data(one)}
    return tuple(sorted(led))


def _to_data(link: Path) -> bool:
    ending = ending_of(link.name)
    return bool(ending) and link.is_file() and ending_of(link.resolve().name) == ending


def named_in_code(title: str, origin: Origin) -> bool:
    """Say whether the caller's own code names a file by its absolute path: what it may read is not ours to say.

    Example:
        >>> named_in_code("/data/a.csv", Origin()), named_in_code("/data/a.csv", Origin("plays.yaml"))
        (True, False)
    """
    return not origin.file and PurePath(title).is_absolute()


def folders_named(sources: Iterable[Source]) -> tuple[Path, ...]:
    """Return the folders of files that the caller's own code names by absolute paths."""
    found = {
        _beginning(title) for source in sources for title in _titles(source) if named_in_code(title, source.origin)
    }
    return tuple(sorted(one if one.is_dir() else one.parent for one in found))


def iceberg_tables(sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the tables of an Iceberg catalogue that sources read, as the catalogue calls them."""
    titles = {title for source in sources for title in _titles(source)}
    return tuple(sorted(title.removeprefix(ICEBERG) for title in titles if title.startswith(ICEBERG)))


def _titles(source: Source) -> list[str]:
    relations = source.relations.values() if isinstance(source, AggregateSource) else (source.relation,)
    return [one.name for one in relations if isinstance(one, Table)]


def _beginning(title: str) -> Path:
    """Return the part of a pattern that holds no signs."""
    parts = PurePath(title).parts
    plain = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[:plain])


def _outside(title: str, folder: Path) -> str:
    return (
        f"file '{title}' lies outside the warehouse's folder '{folder}', and definitions read that only: "
        "move it there, or set warehouse.path to a folder that holds both"
    )


_SKIPPED = r"""(?P<kept>"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/)"""
_TEXT = r"'(?:[^']|'')*'"
_READ = rf"(?P<reader>\bread_(?:csv|parquet|json)\s*\(\s*)(?P<files>{_TEXT}|\[\s*{_TEXT}(?:\s*,\s*{_TEXT})*\s*\])"
_READERS = re.compile(rf"{_SKIPPED}|{_READ}|{_TEXT}", re.IGNORECASE | re.DOTALL)


def rooted(sql: str, folder: Path) -> str:
    """Return a printed statement in which files are named by absolute paths.

    What stands in texts, quoted names and comments stays; whatever slips by is left to the engine's own wall.

    Example:
        >>> rooted("SELECT * FROM READ_CSV('a.csv') WHERE x = 'read_csv(''b.csv'''", Path("/data"))
        "SELECT * FROM READ_CSV('/data/a.csv') WHERE x = 'read_csv(''b.csv'''"
    """

    def placed(found: re.Match[str]) -> str:
        if found["reader"] is None:
            return found[0]
        return found["reader"] + re.sub(_TEXT, absolute, found["files"])

    def absolute(found: re.Match[str]) -> str:
        return "'" + str(folder / found[0][1:-1].replace("''", "'")).replace("'", "''") + "'"

    return _READERS.sub(placed, sql)
