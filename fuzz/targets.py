"""What is fuzzed: each target takes bytes and returns, or raises where a promise is broken.

A refusal on purpose (a `TwymanError`) is an answer like any other. Anything else that is raised is a finding.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

import msgspec
from tests.flags.random_states import drawn_context, drawn_memory, drawn_state, drawn_view

from fuzz import box, laws, requests
from fuzz.choices import Choices
from twyman.flags import document
from twyman.flags.dialects import confidence
from twyman.flags.state import State
from twyman.kernel.errors import TwymanError

Target = Callable[[bytes], None]


def of_document(data: bytes) -> None:
    """Read a document of ours; what comes out resolves, and can be written again."""
    try:
        state = document.read(data)
    except TwymanError:
        return
    laws.check_round_trip(state)
    laws.check_state(state)


def of_confidence(data: bytes) -> None:
    """Read a state of Confidence's, JSON or binary; what comes out resolves, and can be written."""
    try:
        state = confidence.state(data, account="a")
    except TwymanError:
        return
    laws.check_round_trip(state)
    laws.check_state(state)


def of_model(data: bytes) -> None:
    """Build a state, contexts and a memory from choices; both resolvers agree, and explain with them."""
    choices = Choices(data)
    state, memory, view = drawn_state(choices), drawn_memory(choices), drawn_view(choices)
    laws.check_answers(state, [drawn_context(choices) for _ in range(3)], memory, view)


def of_context(data: bytes) -> None:
    """Read a context of JSON, and ask for flags that hold every kind of rule."""
    try:
        context = msgspec.json.decode(data, type=dict[str, object])
    except (ValueError, RecursionError):
        return
    for state in _states():
        laws.check_answers(state, [context])


@cache
def _states() -> tuple[State, ...]:
    return tuple(drawn_state(Random(seed)) for seed in range(6))  # noqa: S311 - seeded


def of_folder(data: bytes) -> None:
    """Read a folder of flags in YAML; what comes out resolves, whatever was wrong with it."""
    from twyman.definitions.flags import allocate_folder, load_flags  # noqa: PLC0415 - heavy

    folder = Path(tempfile.mkdtemp(prefix="twyman-fuzz-"))
    try:
        (folder / "twyman.yaml").write_text("kind: project\nname: fuzz\n")
        (folder / "flags.yaml").write_bytes(data)
        with suppress(TwymanError):
            allocate_folder(folder)
        with suppress(TwymanError):
            found = load_flags(folder)
            _ = [str(error) for error in found.errors]
            laws.check_round_trip(found.state)
            laws.check_answers(found.state, laws.CONTEXTS)
    finally:
        shutil.rmtree(folder)


TARGETS: Mapping[str, Target] = {
    "document": of_document,
    "confidence": of_confidence,
    "model": of_model,
    "context": of_context,
    "request": requests.of_request,
    "folder": of_folder,
    "box": box.of_box,
}
"""Every target by its name."""
