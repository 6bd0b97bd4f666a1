"""Definitions for tables that come without any: which column is what, by rules that say what they took and why."""
