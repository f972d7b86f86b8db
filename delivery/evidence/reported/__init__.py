"""Figures that a report shows and no gate judges."""
