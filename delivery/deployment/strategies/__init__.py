"""How the traffic moves to a release: pure functions, a module for each."""
