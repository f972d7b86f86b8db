"""Processes are found by the mark in their environment, whatever became of their files."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from delivery.processes.marks import carriers, mark_of, marked_below, orphans_below
from delivery.processes.process import Process
from tests.delivery.running import started


def test_a_process_and_its_mark_find_each_other(tmp_path: Path) -> None:
    file = tmp_path / "one" / "it.json"
    with started(Process(file)) as leader:
        assert mark_of(leader) == str(file)
        assert list(carriers(str(file))) == [leader]
        assert dict(marked_below(tmp_path)) == {file: [leader]}
        assert dict(marked_below(tmp_path / "two")) == {}
    assert dict(marked_below(tmp_path)) == {}


def test_an_orphan_is_one_whose_pid_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "it.json"
    with started(Process(file)) as leader:
        assert dict(orphans_below(tmp_path)) == {}
        file.unlink()
        assert dict(orphans_below(tmp_path)) == {file: [leader]}


def test_one_without_a_mark_or_gone_has_none() -> None:
    assert mark_of(psutil.Process(os.getpid())) == ""
    gone = psutil.Popen(["true"])
    gone.wait()
    assert mark_of(gone) == ""
