"""A second path from rows to moments, in plain Python: it shares no SQL with the first, and so can doubt it."""
