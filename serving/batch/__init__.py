"""Scores files with the model of this release: `python -m serving.batch`. The only room of serving
that knows pyarrow, which requirements/batch.lock brings."""
