"""Hostile input by coverage: whatever comes in, an answer comes out, in bounded time and memory.

`targets` holds what is fuzzed (each takes bytes, and raises where a law of `laws` is broken), `seeds` makes what
fuzzing starts from, and `python -m fuzz` runs a target under atheris.
"""
