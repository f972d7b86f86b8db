"""What an input allows, in words, and values cut to the length of a message."""

from __future__ import annotations

from typing import Any

import pytest

from serving.contract import Input
from serving.rows.messages import describe, shorten


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dtype": "bool"}, "true or false"),
        ({"dtype": "string"}, "a string"),
        ({"dtype": "string", "categories": ("a",)}, "a string"),
        ({"dtype": "string", "categories": ("a", "b"), "unseen": "reject"}, 'one of "a", "b"'),
        ({"dtype": "int64", "range": (0, 23)}, "an integer (int64) from 0 to 23"),
        (
            {"dtype": "float32", "range": (0, 10_000), "unit": "mi", "nullable": True},
            "a number (float32) from 0 to 10000 mi, or null",
        ),
        (
            {"dtype": "float64", "shape": (2, 3)},
            "nested lists of shape [2, 3], each value a number (float64)",
        ),
    ],
)
def test_an_input_is_described_by_what_it_allows(fields: dict[str, Any], words: str) -> None:
    assert describe(Input(name="x", **fields)) == words


@pytest.mark.parametrize(("count", "end"), [(12, '"l11"'), (13, '"l11" and 1 more')])
def test_twelve_categories_are_listed(count: int, end: str) -> None:
    labels = tuple(f"l{number}" for number in range(count))
    spec = Input(name="x", dtype="string", categories=labels, unseen="reject")
    assert describe(spec).endswith(end)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        ("é", '"é"'),
        ({"a": [1] * 10_000}, "an object of 1"),
        ([1, 2], "a list of 2"),
        ("x" * 58, '"' + "x" * 58 + '"'),
        ("x" * 59, '"' + "x" * 58 + "…"),
    ],
)
def test_a_value_is_shown_as_json_and_short(value: Any, shown: str) -> None:
    assert shorten(value) == shown
