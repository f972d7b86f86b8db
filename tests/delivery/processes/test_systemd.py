"""Units by way of systemctl: what is asked of it, in which order, and what its refusals say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.processes.systemd import USER, Unit

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "{log}"
case "$2" in
    is-enabled) echo enabled ;;
    is-active) echo activating; exit 3 ;;
    {refuses}) echo "no bus" >&2; exit 1 ;;
esac
"""
UNIT = Unit("delivery-a.service", user=True)


def systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, refuses: str = "nothing") -> Path:
    """One that writes down its calls; the home of units is beside. The real one is asked in
    tests/delivery/commands/test_service.py."""
    program, log = folder / "bin" / "systemctl", folder / "calls"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL.format(log=log, refuses=refuses))
    program.chmod(0o755)
    log.touch()
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setattr(Path, "home", lambda: folder)
    return log


def test_installed_it_is_read_enabled_and_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = systemctl(tmp_path, monkeypatch)
    UNIT.install("[Unit]\n")
    assert (tmp_path / USER / UNIT.name).read_text() == UNIT.text() == "[Unit]\n"
    assert calls.read_text().splitlines()[-3:] == [
        "--user daemon-reload",
        f"--user enable {UNIT.name}",
        f"--user restart {UNIT.name}",
    ]
    assert (UNIT.enabled(), UNIT.active()) == (True, "activating")


def test_uninstalled_it_is_stopped_before_its_file_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = systemctl(tmp_path, monkeypatch)
    UNIT.install("[Unit]\n")
    UNIT.uninstall()
    assert UNIT.text() == ""
    stop, reload = calls.read_text().splitlines()[-2:]
    assert (stop, reload) == (f"--user disable --now {UNIT.name}", "--user daemon-reload")


def test_a_refusal_says_what_systemd_said_and_what_else_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl(tmp_path, monkeypatch, refuses="daemon-reload")
    with pytest.raises(TargetError, match=r"daemon-reload` failed: no bus\. .*up --once"):
        UNIT.install("[Unit]\n")
    assert UNIT.text() == ""


def test_without_systemctl_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert (UNIT.enabled(), UNIT.active()) == (False, "")
