"""Other vendors' flags, read as they are: a state moves in, and no unit moves to another variant."""
