"""The rows: their columns, their split, their files."""
