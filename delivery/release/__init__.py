"""A release: what it is made from, what is in it, and who signed it."""
