"""Twyman: an experimentation platform that doubts its own good news and says why.

    >>> import twyman
    >>> twyman.analyze("experiments/moment-page.yaml")  # doctest: +SKIP

The face is lazy: `import twyman` loads nothing heavy, and each name brings what it needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twyman.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TwymanError, Unavailable
    from twyman.wiring.analysis import Analysis, analyze
    from twyman.wiring.flags import load_flags

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotFound",
    "TwymanError",
    "Unavailable",
    "__version__",
    "analyze",
    "load_flags",
]

_ROOMS = {
    "analyze": "twyman.wiring.analysis",
    "Analysis": "twyman.wiring.analysis",
    "load_flags": "twyman.wiring.flags",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'twyman' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - the face loads nothing until it is asked

    return getattr(import_module(_ROOMS.get(name, "twyman.kernel.errors")), name)


def __dir__() -> list[str]:
    return __all__
