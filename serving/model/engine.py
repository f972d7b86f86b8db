"""What computes scores: an ONNX graph or a predictor of Python code."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving.rows.column import Array

# Columns [rows, *shape] by input → scores [rows], or [rows, classes] for several classes.
Engine = Callable[[Mapping[str, Array]], Array]
