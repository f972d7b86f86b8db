"""Drift counters: how often each input and score fell into each bin of its reference."""
