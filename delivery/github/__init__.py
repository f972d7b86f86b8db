"""GitHub's REST interface, as the forge, the storage and the governance use it."""
