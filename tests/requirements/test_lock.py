"""`make lock`: what is resolved from what, and that pins stay."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.origin import ROOT

UV = """#!/bin/sh
echo "$@" >> calls
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout whose uv only writes down what it is called with."""
    (tmp_path / "requirements").mkdir()
    for name in ("lock.py", "dev.lock", "peers.lock"):
        shutil.copy(ROOT / "requirements" / name, tmp_path / "requirements")
    (tmp_path / "model").mkdir()
    for name in ("requirements.in", "predictor.in"):
        (tmp_path / "model" / name).write_text("lightgbm\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(UV)
    (tmp_path / "bin" / "uv").chmod(0o755)
    return tmp_path


def calls(copy: Path, *arguments: str) -> dict[str, list[str]]:
    """Lock → what uv was asked for it."""
    command = [sys.executable, "requirements/lock.py", *arguments]
    subprocess.run(command, cwd=copy, env={"PATH": f"{copy / 'bin'}:/usr/bin:/bin"}, check=True)
    lines = [line.split() for line in (copy / "calls").read_text().splitlines()]
    (copy / "calls").unlink()
    return {Path(line[-1]).stem: line for line in lines}


def test_a_pin_stays_unless_an_upgrade_is_asked_for(copy: Path) -> None:
    assert "--upgrade" not in calls(copy)["dev"]
    assert "--upgrade" not in calls(copy)["peers"]
    upgraded = calls(copy, "--upgrade")
    assert all("--upgrade" in call for call in upgraded.values())


def test_a_forks_libraries_go_into_what_trains_and_what_serves(copy: Path) -> None:
    asked = calls(copy)
    for name in ("dev", "pipeline"):
        assert {"model/requirements.in", "model/predictor.in"} <= set(asked[name])
    assert "model/predictor.in" in asked["serving"]
    assert "model/requirements.in" not in asked["serving"]
    assert not {"model/requirements.in", "model/predictor.in"} & set(asked["peers"])


def test_a_fork_without_such_a_file_has_no_such_libraries(copy: Path) -> None:
    (copy / "model" / "predictor.in").unlink()
    assert "model/predictor.in" not in calls(copy)["serving"]


def test_a_lock_that_was_deleted_stays_away(copy: Path) -> None:
    assert set(calls(copy)) == {
        "dev", "delivery", "pipeline", "serving", "serving-gpu", "batch", "shipper", "peers",
        "bootstrap",
    }  # fmt: skip


def test_what_runs_is_a_part_of_what_was_tested(copy: Path) -> None:
    for name in ("pipeline", "serving", "serving-gpu", "batch", "shipper"):
        call = calls(copy)[name]
        assert call[call.index("-c") + 1] == "requirements/dev.lock"


def test_no_lock_says_where_it_was_made(copy: Path) -> None:
    for call in calls(copy).values():
        assert {"--generate-hashes", "--no-emit-index-url", "--no-annotate"} <= set(call)
