"""Places of predictions, made up."""
