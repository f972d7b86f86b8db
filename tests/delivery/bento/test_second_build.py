"""The second build is elsewhere and otherwise, compared file by file, and leaves nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from delivery.bento import second_build
from delivery.bento.digest import file_sha256
from delivery.bento.second_build import OTHERWISE, SecondBuild, main
from delivery.errors import InputError

# Stands in for the build: writes what it sees of its surroundings.
BUILDER = """
import os, sys
from pathlib import Path
made = Path({out!r}) / "r-000000000001"
made.mkdir(parents=True)
umask = os.umask(0)
(made / "seen").write_text(repr(sorted((n, os.environ[n]) for n in {names!r})))
(made / "umask").write_text(oct(umask))
"""
HANGS = "import threading; threading.Event().wait(60)"


def start(build: SecondBuild, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Start `code` where the build would be."""
    popen = second_build.subprocess.Popen

    def other(command: list[str], **options: object) -> object:
        assert command[-2] == str(build.source)
        return popen([sys.executable, "-S", "-c", code], **options)

    monkeypatch.setattr(second_build.subprocess, "Popen", other)
    build.start()


def test_it_builds_under_other_conditions_and_both_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "umask").write_text("0o22")
    with SecondBuild(tmp_path / "work") as build:
        out = str(tmp_path / "work" / "out")
        start(build, monkeypatch, BUILDER.format(out=out, names=[*OTHERWISE]))
        evidence = build.compare(first)
        seen = (Path(out) / "r-000000000001" / "seen").read_text()
        assert seen == repr(sorted(OTHERWISE.items()))
        assert (Path(out) / "r-000000000001" / "umask").read_text() == "0o77"
    assert evidence.first == {"umask": file_sha256(first / "umask")}
    assert set(evidence.second) == {"seen", "umask"}
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit('first\\nthe lock is missing')", "failed: the lock is missing"),
        ("import sys; sys.exit(2)", "failed: it said nothing"),
    ],
)
def test_one_that_fails_is_missing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, why: str
) -> None:
    (tmp_path / "first").mkdir()
    with SecondBuild(tmp_path / "work") as build:
        start(build, monkeypatch, code)
        evidence = build.compare(tmp_path / "first")
    assert evidence.second is None
    assert evidence.missing.endswith(why)


def test_one_that_nobody_waits_for_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SecondBuild(tmp_path / "work") as build:
        start(build, monkeypatch, HANGS)
        pid = build._process.pid
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "work").exists()


def test_what_was_left_is_removed_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "work" / "out" / "r-old").mkdir(parents=True)
    with SecondBuild(tmp_path / "work") as build:
        assert build.source.is_dir()
        assert not (tmp_path / "work" / "out").exists()


def test_as_a_program_it_says_what_is_wrong_and_exits_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["second_build", str(tmp_path), str(tmp_path / "out")])
    assert main() == InputError.exit_code
    assert "missing" in capsys.readouterr().err
