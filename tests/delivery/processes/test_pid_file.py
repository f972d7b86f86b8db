"""A pid file is about one process, and one that is damaged is about none."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from delivery.processes.pid_file import PidFile


@pytest.fixture
def file(tmp_path: Path) -> PidFile:
    return PidFile(tmp_path / "it.json")


def test_what_was_written_is_read_back(file: PidFile) -> None:
    own = psutil.Process()
    file.write(own, ["a", "b"])
    assert (file.process(), file.pid(), file.command()) == (own, own.pid, ("a", "b"))


def test_a_process_that_got_the_same_pid_later_is_another(file: PidFile) -> None:
    own = psutil.Process()
    record = {"pid": own.pid, "created": own.create_time() - 60, "command": []}
    file.path.write_text(json.dumps(record))
    assert file.process() is None


@pytest.mark.parametrize(
    "content", ["", "{", "{}", "[]", "\0", '{"pid": "x", "created": 1}', '{"pid": -1}']
)
def test_a_damaged_one_is_about_nobody(file: PidFile, content: str) -> None:
    file.path.write_text(content)
    assert (file.process(), file.command()) == (None, ())


def test_one_that_is_not_there_is_about_nobody(file: PidFile) -> None:
    assert (file.process(), file.pid(), file.command()) == (None, 0, ())
