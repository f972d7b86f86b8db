"""How an instance is told to run: delivery.yaml, and the environment variables of its host."""
