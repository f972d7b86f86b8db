from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.sealed.reach import LARGE, Reach, places, reach
from tests.checkout import ROOT


def reads(reach: Reach, path: Path) -> bool:
    return any(path.resolve().is_relative_to(root) for root in reach.read)


def located(package: str, path: str) -> Path:
    return Path(str(distribution(package).locate_file(path)))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("model/fitting.py", "model/table.json", "data/all.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "model" / "all.csv").write_bytes(bytes(LARGE + 1))
    return tmp_path


def test_libraries_code_and_small_files_of_model_are_read_and_nothing_else(checkout: Path) -> None:
    seen = reach(checkout, [], [])
    for path in (
        Path(sys.executable), located("pandas", "pandas/__init__.py"), ROOT / "pipeline/train.py",
        ROOT / "serving/contract.py", checkout / "model/fitting.py", checkout / "model/table.json",
    ):  # fmt: skip
        assert reads(seen, path), path
    for path in (
        checkout / "data/all.csv", checkout / "model/all.csv", checkout / "notes.txt",
        ROOT / "docs", Path.home() / ".netrc", checkout / ".dvc/cache", Path("/tmp"),
        Path("/etc/shadow"),
    ):  # fmt: skip
        assert not reads(seen, path), path


def test_around_a_source_everything_stays_open(checkout: Path) -> None:
    inner = "sklearn/datasets/data"
    seen = reach(checkout, [f"package:scikit-learn/{inner}", "model/table.json"], [])
    assert not reads(seen, located("scikit-learn", inner) / "breast_cancer.csv")
    assert reads(seen, located("scikit-learn", "sklearn/datasets/_base.py"))
    assert reads(seen, located("pandas", "pandas/__init__.py"))
    assert not reads(seen, checkout / "model" / "table.json")
    assert reads(seen, checkout / "model" / "fitting.py")


def test_of_a_package_that_is_a_source_only_its_metadata_stay_open(checkout: Path) -> None:
    seen = reach(checkout, ["package:scikit-learn"], [])
    assert not reads(seen, located("scikit-learn", "sklearn/__init__.py"))
    assert distribution("scikit-learn").metadata["Name"] == "scikit-learn"
    entries = located("scikit-learn", "").glob("scikit_learn-*.dist-info")
    assert all(reads(seen, entry) for entry in entries)


def test_declared_inputs_are_read_where_a_link_leads(checkout: Path) -> None:
    """DVC may keep a link to its cache in their place."""
    cached = checkout / ".dvc" / "cache" / "weights"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(bytes(LARGE + 1))
    link = checkout / "model" / "weights.bin"
    link.symlink_to(cached)
    assert not reads(reach(checkout, [], []), link)
    assert reads(reach(checkout, [], [link]), link)
    assert reads(reach(checkout, [], [checkout / "model" / "all.csv"]), checkout / "model/all.csv")


def test_a_package_that_is_not_installed(checkout: Path) -> None:
    with pytest.raises(PipelineError, match=r"'nowhere' is not installed.*make lock"):
        list(places("package:nowhere", checkout))


def test_a_pattern_closes_what_it_matches(checkout: Path) -> None:
    (checkout / "model" / "rates.json").write_text("x")
    seen = reach(checkout, ["model/t*.json", "/nowhere/*.csv"], [])
    assert not reads(seen, checkout / "model" / "table.json")
    assert reads(seen, checkout / "model" / "rates.json")
