"""Twyman."""
