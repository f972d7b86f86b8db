"""Segments of what was written down."""
