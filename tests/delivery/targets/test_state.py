"""A folder of this machine and one that is elsewhere are written in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.targets.state import write


class Elsewhere:
    name = "x"
    text = ""

    def exists(self) -> bool:
        return bool(self.text)

    def read_text(self, encoding: str) -> str:
        return self.text

    def unlink(self, missing_ok: bool) -> None:
        self.text = ""

    def write_whole(self, text: str) -> None:
        self.text = text


def test_each_kind_of_file_is_replaced(tmp_path: Path) -> None:
    here, elsewhere = tmp_path / "folder" / "x", Elsewhere()
    for file in (here, elsewhere):
        write(file, "one")
        write(file, "two")
        assert file.read_text(encoding="utf-8") == "two"


def test_what_cannot_be_written_is_a_bug() -> None:
    with pytest.raises(TypeError):
        write(object(), "one")
