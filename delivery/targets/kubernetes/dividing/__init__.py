"""Clients divided between a champion and a candidate: pods that do it, and a watcher's lease."""
