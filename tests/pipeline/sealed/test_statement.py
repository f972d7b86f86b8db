from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path

import pytest

from pipeline.sealed.statement import Statement, hashes, this_platform, write


def test_hashes_are_of_files_and_of_all_below_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a/b/__pycache__").mkdir(parents=True)
    for name in ("a/b/two", "a/one", "file", "a/b/__pycache__/x.pyc"):
        Path(name).write_text(name)
    found = hashes([Path("a"), Path("file"), Path("absent")])
    assert found == {
        name: hashlib.sha256(name.encode()).hexdigest() for name in ("a/one", "a/b/two", "file")
    }


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "sealed" / "train.json"
    written = []
    for read in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}):
        write(file, Statement("train", ["files"], ["package:x"], read, {}, "here"))
        written.append(file.read_bytes())
    assert written[0] == written[1]
    content = json.loads(written[0])
    assert (content["sealed"], content["closed"]) == (True, ["package:x"])
    assert content["platform"] == "here"
    assert [path.name for path in file.parent.iterdir()] == ["train.json"]
    write(file, Statement("train", [], [], {}, {}))
    assert json.loads(file.read_text())["sealed"] is False


def test_the_platform_is_told_without_the_name_of_the_machine() -> None:
    said = this_platform()
    assert f"Python {platform.python_version()}" in said
    assert platform.machine() in said
    assert said == this_platform()
    assert platform.node() not in said
