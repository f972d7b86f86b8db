"""Files are replaced in one rename; whoever is not heard of any more is left."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.targets.docker.state import keeper

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    environ = {**os.environ, "STATE": str(tmp_path), "SILENCE": "5"}
    command = [sys.executable, "-I", keeper.__file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as process:

        def told(do: str, **request: object) -> dict[str, Any]:
            process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield told
        process.stdin.close()
        assert process.wait(5) == 0


def test_what_was_written_is_read_and_deleted(ask: Ask, tmp_path: Path) -> None:
    assert ask("read", name="a/b") == {"missing": True}
    assert ask("write", name="a/b", text="one") == {}
    assert ask("write", name="a/b", text="two") == {}
    assert ask("read", name="a/b") == {"text": "two"}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert ask("delete", name="a/b") == {}
    assert ask("delete", name="a/b") == {"missing": True}


def test_a_tail_says_whether_the_file_is_the_same(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo\n")
    first = ask("tail", name="log", offset=4)
    assert base64.b64decode(first["data"]) == b"two\n"
    assert first["size"] == 8
    (tmp_path / "log").rename(tmp_path / "log.1")
    (tmp_path / "log").write_text("three\n")
    assert ask("tail", name="log", offset=0)["file"] != first["file"]


def test_what_cannot_be_done_is_said(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "folder" in ask("read", name="folder")["error"]
    assert ask("ping") == {"writable": True}


def test_it_ends_when_it_hears_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "STATE": str(tmp_path), "SILENCE": "0.2"}
    command = [sys.executable, "-I", keeper.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environ) as process:
        assert process.wait(10) == 0
