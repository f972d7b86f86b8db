"""Data under DVC, in a real repository with a folder as its remote."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.data.pointers import bring, pointed, pointer_of
from pipeline.errors import PipelineError
from tests.pipeline.data.conftest import TABLE, Tracked

POINTER = Path("data/table.csv.dvc")


def test_a_pointer_covers_its_file_or_all_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data/table.csv.dvc", "months.dvc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert pointer_of(Path("data/table.csv")) == POINTER
    assert pointer_of(Path("months/2024/06.csv")) == Path("months.dvc")
    assert pointer_of(Path("data/other.csv")) is None


@pytest.mark.parametrize("text", ["", "outs: []", "outs: [{path: x}]", "outs: [", "[1]"])
def test_a_pointer_that_names_nothing(tmp_path: Path, text: str) -> None:
    pointer = tmp_path / "x.csv.dvc"
    pointer.write_text(text)
    with pytest.raises(PipelineError, match=r"names no data.*`dvc add .*x\.csv`"):
        pointed(pointer)


def test_data_that_are_not_here_come_from_the_remote(tracked: Tracked) -> None:
    tracked.forget()
    assert list(bring([POINTER])) == ["data/table.csv comes from DVC"]
    assert TABLE.read_text() == "a\n1\n"
    assert list(bring([POINTER])) == []


def test_data_that_were_changed_are_named_by_their_pointer(tracked: Tracked) -> None:
    before = pointed(POINTER)
    tracked.change("a\n2\n")
    [line] = bring([POINTER])
    assert "data/table.csv was changed" in line
    assert pointed(POINTER) != before
    assert list(bring([POINTER])) == []


def test_data_that_nobody_has_name_the_next_command(tracked: Tracked) -> None:
    tracked.forget()
    tracked.remote.rename(tracked.remote.with_name("gone"))
    with pytest.raises(PipelineError, match=r"table\.csv .*: no remote .*`dvc push data/table"):
        list(bring([POINTER]))
