"""Gates about the service around the model."""
