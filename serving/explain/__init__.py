"""Contributions of inputs to a score."""
