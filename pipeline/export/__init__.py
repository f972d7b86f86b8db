"""The stage export: the model with its contract, examples and behaviours."""
