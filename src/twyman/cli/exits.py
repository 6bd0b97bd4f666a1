"""The one table from kinds of error to exit codes."""

from twyman.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TwymanError, Unavailable

ANSWERED = 0
FAILED_ON_VERDICT = 10
STOPPED = 130
"""As shells say of what Ctrl-C ended: 128 and the number of the signal."""

EXITS: dict[type[TwymanError], int] = {Invalid: 2, NotFound: 3, Conflict: 4, Forbidden: 5, Unavailable: 6}
"""2 what was asked can't be right; 3 not found; 4 conflict; 5 forbidden; 6 a peer didn't answer."""


def exit_code(error: TwymanError) -> int:
    """Return the exit code of an error, by its kind.

    Example:
        >>> exit_code(NotFound("no such file"))
        3
    """
    return next((code for kind, code in EXITS.items() if isinstance(error, kind)), 1)
