"""Suites for those who write an adapter of their own: subclass, say how to reach it, and run pytest."""
