"""What an input allows, in words: for error messages and for the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from serving.contract import Input

_SHOWN = 60  # characters of a value
_LISTED = 12  # categories
_WORDS = {
    "bool": "true or false",
    "string": "a string",
    "int64": "an integer (int64)",
    "float32": "a number (float32)",
    "float64": "a number (float64)",
}


def shorten(value: Any) -> str:
    """`value` as JSON, cut to a length that is fit for a message."""
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    elif isinstance(value, list | dict):
        # Not rendered: a nested value can be as large as the request.
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def describe(spec: Input) -> str:
    """What `spec` allows, such as "a number from 0 to 10000 mi, or null"."""
    words = _WORDS[spec.dtype]
    if spec.dtype == "string" and spec.categories and spec.unseen == "reject":
        words = _one_of(spec.categories)
    if spec.range is not None:
        words += f" from {spec.range[0]:g} to {spec.range[1]:g}"
        words += f" {spec.unit}" if spec.unit else ""
    if spec.shape:
        words = f"nested lists of shape {list(spec.shape)}, each value {words}"
    return words + (", or null" if spec.nullable else "")


def _one_of(categories: tuple[str, ...]) -> str:
    listed = ", ".join(json.dumps(c, ensure_ascii=False) for c in categories[:_LISTED])
    more = len(categories) - _LISTED
    return f"one of {listed}" + (f" and {more} more" if more > 0 else "")
