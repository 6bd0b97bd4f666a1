"""What the second path can't recompute, and says so instead of guessing."""


class Unverifiable(Exception):
    """Why something can't be recomputed here, as the end of a sentence: `calls f()`."""
