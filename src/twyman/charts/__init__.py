"""Figures as Vega-Lite specifications, from view values: one function a file, none that computes a statistic."""
