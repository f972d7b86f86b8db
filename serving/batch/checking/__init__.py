"""Rows of files as the model takes them, by the rules that requests have to keep."""
