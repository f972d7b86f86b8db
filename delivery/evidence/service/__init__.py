"""Evidence about the service around the model."""
