"""Evidence about how good the model is."""
