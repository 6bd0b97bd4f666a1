"""Connections to engines, each in a file of its own; none knows of another."""
