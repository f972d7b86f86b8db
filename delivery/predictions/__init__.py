"""What an environment wrote down, wherever it lies: read, pruned, and erased from."""
