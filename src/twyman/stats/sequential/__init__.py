"""Looking many times at data that accumulate: group-sequential bounds, and what may be said at each look.

`spending` says how error is used up over time, `bounds` turns that into critical values, `repeated`
gives the p-values that hold at every look; `walk` is the recursion underneath.
"""
