"""Looking whenever one likes: intervals, p-values and e-values that hold at every look, planned or not.

`mixture` is the one bound underneath, `sequence` reads comparisons of two arms off it and `regression`
does so for covariate-adjusted ones; `split` watches the sample ratio and `dependence` two assignments.
`mixtures`, `stitching`, `quantile`, `bernoulli` and `bounded` hold for any sample size, not only large ones.
"""
