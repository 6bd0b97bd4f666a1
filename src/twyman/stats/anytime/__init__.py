"""Looking whenever one likes: intervals, p-values and e-values that hold at every look, planned or not.

`mixture` is the one bound underneath; a `boundary` (or `regression`, for adjusted means) is fixed before
the data, and `sequence` reads comparisons of two arms off it, `arrays` tables of them, `running` what all
looks say together. `split` watches the sample ratio and `dependence` two assignments; `evalues` combines.
`mixtures`, `stitching`, `quantile`, `bernoulli` and `bounded` hold for any sample size, not only large ones.
"""
