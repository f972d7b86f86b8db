"""What a source is called by changes when its bytes change, and only then."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.data.source import digest, files, ignored, is_elsewhere
from pipeline.errors import PipelineError
from pipeline.settings import Address
from tests.pipeline.data.conftest import TABLE, Tracked


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("data/2024-06.csv", "data/2024-07.csv", "data/deep/x.csv", "other/notes.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("source", ["data/2024-07.csv", "data", "data/", "data/*.csv", "**/*.csv"])
def test_bytes_count_and_nothing_else(checkout: Path, source: str) -> None:
    before = digest(source)
    (checkout / "data" / ".gitignore").write_text("x")
    (checkout / "data" / "2024-07.csv").touch()
    assert digest(source) == before
    (checkout / "data" / "2024-07.csv").write_text("more")
    assert digest(source) not in (before, None)


@pytest.mark.parametrize("source", ["data", "data/*.csv"])
def test_another_file_or_name_counts(checkout: Path, source: str) -> None:
    before = digest(source)
    new = checkout / "data" / "2024-08.csv"
    (checkout / "data" / "2024-07.csv").rename(new)
    renamed = digest(source)
    new.unlink()
    assert len({before, renamed, digest(source)}) == 3


def test_what_lies_outside_a_source_does_not_count(checkout: Path) -> None:
    before = digest("data")
    (checkout / "other" / "notes.csv").write_text("changed")
    assert digest("data") == before


@pytest.mark.parametrize("source", ["data/table.csv", "data", "data/*.csv", "data/*"])
def test_data_under_dvc_need_not_be_here(tracked: Tracked, source: str) -> None:
    before = digest(source)
    tracked.forget()
    assert digest(source) == before
    assert files(source).plain == []
    pointer = Path(f"{TABLE}.dvc")
    pointer.write_text(pointer.read_text().replace("md5: ", "md5: 0"))
    assert digest(source) != before


def test_a_package_is_known_by_its_version() -> None:
    assert digest("package:scikit-learn/sklearn/datasets") == version("scikit-learn")


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("postgresql://host/rates", None),
        ("/mnt/data/rates.csv", None),
        ("~/rates.csv", None),
        ("../rates.csv", None),
        (Address(address="postgresql://host/rates"), None),
        (Address(address="postgresql://host/rates", version="2024-07"), "2024-07"),
        (Address(address="https://host/rates.csv", etag="abc"), "abc"),
    ],
)
def test_what_is_elsewhere_is_known_by_what_params_yaml_says(
    source: str | Address, known: str | None
) -> None:
    assert digest(source) == known


@pytest.mark.parametrize("inside", ["data/x.csv", "data/..x.csv", "a~b"])
def test_paths_below_the_checkout_are_not_elsewhere(inside: str) -> None:
    assert not is_elsewhere(inside)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("absent.csv", "'absent.csv' is no file or folder"),
        ("absent/*.csv", "`dvc add` them there"),
        ("package:nowhere", r"'nowhere' is not installed.*make lock"),
    ],
)
def test_a_source_that_is_not_there(checkout: Path, source: str, told: str) -> None:
    with pytest.raises(PipelineError, match=told):
        digest(source)


def test_an_empty_folder_is_no_source(checkout: Path) -> None:
    (checkout / "empty").mkdir()
    with pytest.raises(PipelineError, match="no file or folder"):
        digest("empty")


def test_what_git_ignores_is_named(checkout: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    (checkout / ".gitignore").write_text("/data/*-06.csv\n")
    assert ignored(files("data").plain) == ["data/2024-06.csv"]
    assert ignored(files("other").plain) == ignored([]) == []
