"""What is kept is about its key, and what cannot be read is made again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from delivery.cache import NO_CACHE, Cache

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Tool:
    """Answers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return self.asked


@pytest.mark.parametrize(
    ("hours", "limit", "asked"), [(24.0, 24.0, 1), (24.1, 24.0, 2), (-1.0, 24.0, 2), (1e4, None, 1)]
)
def test_an_old_answer_and_one_from_the_future_are_asked_for_again(
    tmp_path: Path, hours: float, limit: float | None, asked: int
) -> None:
    tool = Tool()
    for now in (NOON, NOON + timedelta(hours=hours)):
        Cache(tmp_path, lambda now=now: now).recall({}, tool, hours=limit)
    assert tool.asked == asked


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": "noon", "answer": 1}', '{"answer": 1}'])
def test_a_damaged_note_is_asked_for_again(tmp_path: Path, text: str) -> None:
    cache, tool = Cache(tmp_path), Tool()
    cache.recall({}, tool)
    (note,) = tmp_path.iterdir()
    note.write_text(text)
    assert cache.recall({}, tool) == 2
    assert cache.recall({}, tool) == 2


def test_an_array_is_kept_and_damage_is_mended(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> np.ndarray:
        made.append(1)
        return np.array([0.25, np.nan])

    cache = Cache(tmp_path / "scores")
    for _ in range(2):
        assert cache.array("key", make)[0] == 0.25
    assert len(made) == 1
    (tmp_path / "scores" / "key.npy").write_bytes(b"\x93NUMPY broken")
    assert cache.array("key", make)[0] == 0.25
    assert len(made) == 2
    assert sorted(path.name for path in (tmp_path / "scores").iterdir()) == ["key.json", "key.npy"]


def test_without_a_folder_nothing_is_kept() -> None:
    tool = Tool()
    assert [NO_CACHE.recall({}, tool) for _ in range(2)] == [1, 2]
