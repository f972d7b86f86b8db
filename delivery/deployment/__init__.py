"""Brings an environment from what main wants to what runs."""
