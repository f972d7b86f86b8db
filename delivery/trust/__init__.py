"""Whose word counts: keys, what they sign, and the names that main's policy gives them."""
