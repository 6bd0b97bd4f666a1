"""Why a unit gets what it gets: `looking` looks, `explanation` holds what was found, `phrase` says it to people."""

from twyman.flags.explain.explanation import Explanation
from twyman.flags.explain.looking import explain

__all__ = ["Explanation", "explain"]
