"""Looks, kept beside the data they were taken of."""
