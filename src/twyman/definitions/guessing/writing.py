"""Definitions made here, as the files that somebody goes on from."""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from msgspec import to_builtins
from ruamel.yaml import YAML

from twyman.definitions.folder import PROJECT_FILE
from twyman.kernel.errors import Conflict

FILES: Mapping[str, str] = {
    "project": PROJECT_FILE,
    "exposures": "sources.yaml",
    "facts": "sources.yaml",
    "attributes": "sources.yaml",
    "units": "sources.yaml",
    "metric": "metrics.yaml",
    "experiment": "experiment.yaml",
}
"""In which file a kind stands."""


def write(documents: Sequence[Mapping[str, object]], folder: Path, *, said: Sequence[str] = ()) -> list[Path]:
    """Write definitions into a folder, which is made where it isn't there; return the files.

    Args:
        documents: Each with its kind.
        folder: Where to.
        said: What was taken for what, as comments above the sources.

    Raises:
        Conflict: If one of the files is there already.
    """
    texts: dict[str, list[str]] = {}
    for document in documents:
        texts.setdefault(FILES[str(document["kind"])], []).append(_text(document))
    files = {folder / name: parts for name, parts in texts.items()}
    for file in files:
        if file.exists():
            raise Conflict(f"'{file}' is there already, and is not overwritten: name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for file, parts in files.items():
        above = "".join(f"# {line}\n" for line in said) if file.name == FILES["exposures"] else ""
        file.write_text(above + "---\n".join(parts), encoding="utf-8")
    return list(files)


def _text(document: Mapping[str, object]) -> str:
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    held = StringIO()
    yaml.dump(to_builtins(document), held)  # pyright: ignore[reportUnknownMemberType] - it is untyped
    return held.getvalue()
