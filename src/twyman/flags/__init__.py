"""Flags: typed values served to units by ordered rules, and the buckets that decide who gets which.

Everything here is pure: a state, a context and what is kept for a unit go in, an `Evaluation` comes out.
`bucketing` is the one place of chance, `resolve` the plain reading of the rules, `compiled` the fast one.
"""
