"""Flags, put together: a folder of YAML, or a state in one file, of ours or of another vendor."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from twyman.flags import document
from twyman.flags.compiled import Compiled
from twyman.flags.dialects import confidence
from twyman.flags.faults import broken_parts, faults_of
from twyman.flags.resolve import Resolver
from twyman.flags.state import Client, State
from twyman.kernel.errors import Invalid, NotFound, TwymanError, nearest

LARGEST = 1 << 28
"""Bytes of a state file: what is larger isn't one."""


@dataclass(frozen=True, slots=True)
class Flags:
    """A state, and what in it can't be resolved.

    Attributes:
        problems: One sentence each; empty where all is well.
    """

    state: State
    problems: tuple[str, ...] = ()


def load(path: Path) -> Flags:
    """Load flags: a folder (or a file) of YAML, a state built by `twyman flags build`, or a state of Confidence's.

    What can't be read is left out and named among the problems; the rest works.

    Raises:
        NotFound: If there is nothing at the path.
        Invalid: If it is no such file at all.
    """
    if not path.exists():
        raise NotFound(f"'{path}' isn't there: give a folder of YAML, or a state file")
    if path.is_dir() or path.suffix in (".yaml", ".yml"):
        from twyman.definitions.flags import load_flags  # noqa: PLC0415 - needs the YAML reader, which states don't

        folder = load_flags(path)
        return Flags(folder.state, tuple(folder.problems))
    return _of_file(path)


def load_flags(path: Path | str) -> State:
    """Load the flags of a folder or state file, for a client in this process.

    What can't be resolved is named in the log `twyman.flags`, and the rest works.

    Raises:
        NotFound: If there is nothing at the path.
        Invalid: If it is no such file at all.

    Example:
        >>> from twyman.sdk import Client, MemoryState
        >>> client = Client(MemoryState(load_flags("music")))  # doctest: +SKIP
    """
    flags = load(Path(path))
    for problem in flags.problems:
        logging.getLogger("twyman.flags").warning("%s", problem)
    return flags.state


def checked(path: Path) -> Flags:
    """Load flags that are sound; what is left among the problems are warnings.

    Raises:
        NotFound: If there is nothing at the path.
        Invalid: If anything is wrong with them: all of it, each with its place.
    """
    if not (path.is_dir() or path.suffix in (".yaml", ".yml")):
        flags = load(path)
        if flags.problems:
            first, *rest = (Invalid(f"{path}: {problem}") for problem in flags.problems)
            raise Invalid(first.message, also=rest)
        return flags
    from twyman.definitions.flags import load_flags  # noqa: PLC0415 - needs the YAML reader, which states don't

    folder = load_flags(path)
    if folder.errors:
        first, *others = folder.errors
        raise Invalid(first.message, place=first.place, also=others) if others else first
    return Flags(folder.state, tuple(folder.problems))


def _of_file(path: Path) -> Flags:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Invalid(f"'{path}' is larger than {LARGEST >> 20} MiB, as no state is: name the state file itself")
    try:
        state = document.read(data) if _is_ours(data) else confidence.state(data)
    except TwymanError as error:
        raise type(error)(f"'{path}': {error.message}") from None
    return Flags(document.versioned(state), (*broken_parts(state), *faults_of(state)))


def _is_ours(data: bytes) -> bool:
    try:
        return "twyman" in msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return data.lstrip().startswith(b'{"twyman"')  # a truncated one of ours says so itself


def contexts(path: Path) -> Iterator[Mapping[str, object]]:
    """Yield the contexts of a file with one JSON object a line.

    Raises:
        NotFound: If there is no such file.
        Invalid: If a line is no object, or all of them are one array.
    """
    if not path.is_file():
        raise NotFound(f"'{path}' isn't there: give a file with one JSON context a line")
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.lstrip().startswith(b"["):
                raise Invalid(
                    f"{path}:{number}: it is a JSON array, and contexts are JSON lines, one object each with no commas "
                    f"between: write them so, as `jq -c '.[]' {path.name} > {path.stem}.jsonl` does"
                )
            if line.strip():
                yield context(line, f"{path}:{number}")


def context(text: str | bytes, where: str) -> Mapping[str, object]:
    """Read a context of JSON.

    Raises:
        Invalid: If it is no object.

    Example:
        >>> context('{"country": "NZ"}', "--context")
        {'country': 'NZ'}
    """
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise Invalid(
            f'{where}: context isn\'t JSON ({error}): write {{"targeting_key": "u-1", "country": "NZ"}}'
        ) from None
    if not isinstance(found, dict):
        raise Invalid(f'{where}: context is no object: write {{"targeting_key": "u-1", "country": "NZ"}}')
    return cast("Mapping[str, object]", found)


def sequence_of(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return names given several times, or with commas, as one sequence.

    Example:
        >>> sequence_of(["production,eu", "beta"])
        ('production', 'eu', 'beta')
    """
    return tuple(name.strip() for given in names or () for name in given.split(",") if name.strip())


def environments_of(state: State, client: str | None, given: Sequence[str] | None) -> tuple[str, ...]:
    """Return where somebody asks from: the environments given, or else their client's.

    Raises:
        NotFound: If there is no such client.
    """
    if client is not None and client not in state.clients:
        raise NotFound(f"client '{client}' isn't defined: {nearest(client, state.clients)}")
    return sequence_of(given) or (state.clients[client].environments if client is not None else ())


def refuse_unknown(environments: Sequence[str], state: State) -> None:
    """Refuse an environment that no rule and no client names: no rule would work there, and nothing would say so.

    An application may well ask from such a place, and gets defaults; a gate that is asked of it would open.

    Raises:
        NotFound: If there is one.

    Example:
        >>> refuse_unknown(["prodction"], State())
        Traceback (most recent call last):
        twyman.kernel.errors.NotFound: environment 'prodction' isn't known: no rule or client names any, so leave it out
    """
    known = environments_in(state)
    for name in environments:
        if name not in known:
            instead = nearest(name, known) if known else "no rule or client names any, so leave it out"
            raise NotFound(f"environment '{name}' isn't known: {instead}")


def environments_in(state: State) -> frozenset[str]:
    """Return every environment that a rule or a client names."""
    rules = {name for flag in state.flags.values() for rule in flag.rules for name in rule.environments}
    return frozenset(rules | {name for each in state.clients.values() for name in _of(each)})


def _of(client: Client) -> Iterator[str]:
    yield from client.environments
    for credential in client.credentials:
        yield from credential.environments


def asker(state: State, client: str | None, environments: Sequence[str] | None) -> Resolver:
    """Return what answers as a client sees it.

    Raises:
        NotFound: If there is no such client.
    """
    return Compiled(state, client=client, environments=environments_of(state, client, environments))
