"""Results: where they go, and what they hold."""
