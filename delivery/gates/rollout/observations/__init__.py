"""What real traffic leaves behind for the gates: the requests of a canary, the pairs of answers of
a shadow, the outcomes of an experiment."""
