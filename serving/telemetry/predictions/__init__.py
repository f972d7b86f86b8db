"""What is written down about single predictions: the prediction log, and feedback on it."""
