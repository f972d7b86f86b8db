"""What an engine lacks is named with its cure, and what follows from it is not said as well."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from delivery.commands.doctor.check import Check
from delivery.commands.doctor.engine import checks
from delivery.settings.policy import DockerTargetSettings
from tests.delivery.place import Place

SETTINGS = DockerTargetSettings(
    kind="docker", port=7101, base=f"x/python@sha256:{'a' * 64}", router=f"x/t@sha256:{'b' * 64}"
)
INFO = {"MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": True, "LiveRestoreEnabled": True}


def found(folder: Path, monkeypatch: pytest.MonkeyPatch, place: Place, **told: Any) -> list[Check]:
    """The checks of an engine that tells these things."""
    answers = {
        "version": "28.2.2",
        "info": json.dumps(INFO),
        "run": json.dumps([9e10, time.time()]),
    }
    for name, text in {**answers, **told}.items():
        (folder / name).write_text(text)
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\ncat "{folder}/$1" || {{ echo "Cannot connect" >&2; exit 1; }}')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return list(checks("staging", SETTINGS, place.target))


def test_an_engine_that_lacks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("staging", shares={"r-1": 100})
    every = found(tmp_path, monkeypatch, place)
    assert [check.name.split()[0] for check in every] == ["engine", "limits", "disk", "route"]
    assert all(check.ok for check in every)
    assert every[0].found == "28.2.2 at the engine of this machine"
    assert every[-1].found == "r-1 100%"


@pytest.mark.parametrize(
    ("told", "named", "cure"),
    [
        ({"version": "19.3.1"}, "is 19.3.1", "Install 20.10"),
        ({"info": json.dumps({**INFO, "MemoryLimit": False})}, "no MemoryLimit", "cgroups"),
        ({"run": json.dumps([1e9, 0.0])}, "0.9 GiB free", "docker image prune"),
        ({"run": json.dumps([9e10, 0.0])}, "differ by ", "time server"),
    ],
)
def test_what_is_wrong_has_a_cure_and_ends_the_list(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, str],
    named: str,
    cure: str,
) -> None:
    last = found(tmp_path, monkeypatch, Place("staging"), **told)[-1]
    assert not last.ok
    assert named in last.found
    assert cure in last.cure


def test_an_engine_that_is_not_there_has_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path, monkeypatch, Place("staging"))
    (tmp_path / "version").unlink()
    (check,) = checks("staging", SETTINGS, Place("staging").target)
    assert check.found.startswith("no engine answers at the engine of this machine (")
    assert "DOCKER_HOST" in check.cure


def test_an_engine_without_live_restore_is_told_what_that_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = json.dumps({**INFO, "LiveRestoreEnabled": False})
    limits = found(tmp_path, monkeypatch, Place("staging"), info=info)[1]
    assert limits.ok
    assert '"live-restore": true' in limits.found
