"""JSON as it is, and as pandas writes it."""

from __future__ import annotations

from typing import Any

import pytest

from serving.errors import Refusal
from serving.protocols.document import lenient


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": NaN}', {"a": None}),
        (b"[NaN,NaN]", [None, None]),
        (b'["NaN", "a\\"NaN", "\\\\", NaN]', ["NaN", 'a"NaN', "\\", None]),
        (b'["\\nNaN\\u00e9", 1]', ["\nNaN\u00e9", 1]),
        (b"7", 7),
    ],
)
def test_nan_is_null_outside_of_strings(body: bytes, found: Any) -> None:
    assert lenient(body) == found


@pytest.mark.parametrize(
    "body",
    [
        b"[-NaN]",
        b"[NaN, Infinity]",
        b"[NaN, -Infinity]",
        b'[NaN, "\\ud800"]',
        b'[NaN, "\xff"]',
        b'[NaN, "unterminated]',
        b"[NaNN]",
        b"[NaN," * 5000,
        b'[NaN, "' + b'\\"' * 1_000_000,  # takes forever where a pattern goes back
    ],
)
def test_nothing_else_is_forgiven(body: bytes) -> None:
    with pytest.raises(Refusal, match="not JSON") as caught:
        lenient(body)
    assert caught.value.status == 400
