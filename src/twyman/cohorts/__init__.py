"""Cohorts: many contexts at once, column by column, answered as the resolver answers each of them.

For audits, the launch gate and simulation: `Cohort` holds the contexts, `Vectorised` answers them, and its
`Assignments` are arrays. Needs numpy and pyarrow (`pip install twyman[cohorts]`), which serving flags never loads.
"""
