"""How many workers a setting means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from serving.settings.service import ServingSettings, Start
from serving.settings.workers import count_workers, refuse_ignored
from serving.strict import DocumentError, parse

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def test_a_number_is_that_number(tmp_path: Path) -> None:
    assert count_workers(3, tmp_path) == 3


@pytest.mark.parametrize(
    ("limit", "workers"),
    [("max 100000", CORES), ("100000 100000", 1), ("50000 100000", 1), ("6400000 100000", CORES)],
)
def test_auto_is_the_limit_of_the_control_group(tmp_path: Path, limit: str, workers: int) -> None:
    (tmp_path / "cpu.max").write_text(limit + "\n")
    assert count_workers("auto", tmp_path) == workers


@pytest.mark.parametrize(("quota", "workers"), [("-1", CORES), ("100000", 1)])
def test_auto_knows_the_first_version_of_control_groups(
    tmp_path: Path, quota: str, workers: int
) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert count_workers("auto", tmp_path) == workers


def test_auto_without_control_groups_is_every_core(tmp_path: Path) -> None:
    assert count_workers("auto", tmp_path) == CORES


@pytest.mark.parametrize("arguments", [["--api-workers", "2"], ["--api-workers=2"]])
def test_an_option_without_effect_is_refused(arguments: list[str]) -> None:
    with pytest.raises(DocumentError, match=r"serving\.workers"):
        refuse_ignored(["bentoml", "serve", *arguments])
    refuse_ignored(["bentoml", "serve", "--port", "1"])


@pytest.mark.parametrize("workers", [0, -1, 257, "2", "many", 1.5])
def test_settings_refuse_what_is_no_number_of_workers(workers: object) -> None:
    with pytest.raises(DocumentError, match="workers"):
        parse(ServingSettings, {"workers": workers}, source="here")


def test_bentoml_is_told_the_number() -> None:
    assert Start("r", ServingSettings()).bentoml()["workers"] == 1
    assert Start("r", ServingSettings(workers=2)).bentoml()["workers"] == 2


def test_a_limit_of_the_rate_needs_one_worker() -> None:
    """Each would allow the whole of it."""
    limits = {"requests_per_second": 5.0}
    parse(ServingSettings, {"limits": limits, "workers": 1}, source="here")
    with pytest.raises(DocumentError, match="requests_per_second"):
        parse(ServingSettings, {"limits": limits, "workers": 2}, source="here")
