"""The model of a release, from its files to scores."""
