"""The state of an environment: files in a volume, changed by whoever has its lock."""
