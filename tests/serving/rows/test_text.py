"""What counting characters tells of a JSON text."""

from __future__ import annotations

import pytest

from serving.rows import text
from serving.rows.text import LARGE, MOST_LISTS, MOST_OBJECTS, count, has_keys, is_bomb


@pytest.mark.parametrize("size", [0, 1, LARGE - 1, LARGE, LARGE + 1])
def test_small_and_large_texts_are_counted_alike(size: int) -> None:
    body = b"{:[" * size
    assert count(body, b":") == size


@pytest.mark.parametrize(
    ("body", "keys", "exact"),
    [
        (b'{"a":1}', 1, True),
        (b'{"a":1,"a":2}', 1, False),
        (b'{"a":"x:y"}', 1, True),
        (b'{"a":"x\\":y"}', 1, False),
        (b'{"a" :1,"b":":"}', 2, False),
        (b'{"a":":","a" :1}', 1, False),
    ],
)
def test_keys_are_counted_by_their_colons(body: bytes, keys: int, exact: bool) -> None:
    """What is in doubt is False."""
    assert has_keys(body, keys) is exact


def test_bombs_are_known_by_their_braces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_bomb(b"{" * MOST_OBJECTS)
    assert is_bomb(b"{" * (MOST_OBJECTS + 1))
    assert not is_bomb(b"[" * MOST_LISTS)
    assert is_bomb(b"[" * (MOST_LISTS + 1))
    monkeypatch.setattr(text, "count", None)
    assert not is_bomb(b"{" * 10), "short ones are not counted"
