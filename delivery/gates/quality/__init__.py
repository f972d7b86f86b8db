"""Gates about how good the model is."""
