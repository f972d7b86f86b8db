"""The trained model: loading it, scoring with it, measuring it."""
