"""Whole groups randomised together: users with many sessions, shops, regions, regions by hour.

`sums` compares two arms from one row a cluster, `sandwich` gives cluster-robust errors of any
regression, `randomisation` asks what other draws of the lot would have shown, and `intraclass` says
what the grouping costs.
"""
