"""Puts evidence to the gates: before a release (proposed) and where it runs (active)."""
