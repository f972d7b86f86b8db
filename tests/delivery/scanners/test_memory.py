from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.scanners import code, secrets
from delivery.scanners.memory import Memory, asked_of
from tests.delivery.scanners.conftest import put

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Tool:
    """Answers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return self.asked


@pytest.mark.parametrize("change", ["content", "name", "options", "nothing"])
def test_an_answer_is_about_names_bytes_and_settings(tmp_path: Path, change: str) -> None:
    memory, tool = Memory(tmp_path / "memory"), Tool()
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n")
    memory.recall(asked_of("bandit", tmp_path, ["a.py"], "-q"), tool)
    if change == "content":
        (tmp_path / "a.py").write_text("x = 2\n")
    name = "b.py" if change == "name" else "a.py"
    option = "-v" if change == "options" else "-q"
    memory.recall(asked_of("bandit", tmp_path, [name], option), tool)
    assert tool.asked == (1 if change == "nothing" else 2)


@pytest.mark.parametrize(
    ("hours", "limit", "asked"), [(24.0, 24.0, 1), (24.1, 24.0, 2), (-1.0, 24.0, 2), (1e4, None, 1)]
)
def test_an_old_answer_and_one_from_the_future_are_asked_for_again(
    tmp_path: Path, hours: float, limit: float | None, asked: int
) -> None:
    tool = Tool()
    for now in (NOON, NOON + timedelta(hours=hours)):
        Memory(tmp_path, lambda now=now: now).recall({}, tool, hours=limit)
    assert tool.asked == asked


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": "noon", "answer": 1}', '{"answer": 1}'])
def test_a_damaged_note_is_asked_for_again(tmp_path: Path, text: str) -> None:
    memory, tool = Memory(tmp_path), Tool()
    memory.recall({}, tool)
    (note,) = tmp_path.iterdir()
    note.write_text(text)
    assert memory.recall({}, tool) == 2
    assert memory.recall({}, tool) == 2


def test_what_was_found_is_found_again_without_the_tool(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path_factory.mktemp("memory"))
    key = "AKIA" + "QYLPMN5HHHFPZAM2"
    put(
        root,
        "model/fit.py",
        f'import subprocess\ndef f(x):\n    subprocess.run(x, shell=True)\nKEY = "{key}"\n',
    )
    first = code.scan(root, memory), secrets.scan(root, memory)
    monkeypatch.setattr(code, "run", None)
    monkeypatch.setattr(secrets, "run", None)
    assert (code.scan(root, memory), secrets.scan(root, memory)) == first
    assert [scan.status for scan in first] == ["fail", "fail"]
    assert all(key not in note.read_text() for note in memory.folder.iterdir())  # type: ignore[union-attr]
