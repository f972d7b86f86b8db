"""What a pull request with a retrained model says and carries."""
