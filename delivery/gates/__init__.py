"""Gates: pure functions from evidence and policy to a verdict. One module each."""
