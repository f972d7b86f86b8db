"""The kernel's own answers, in processes that bind themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.sealed import landlock
from tests.pipeline.sealed.conftest import needs_landlock

pytestmark = needs_landlock
PROGRAMS = [Path(path) for path in ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache")]


def shell(command: str, allow: Callable[[landlock.Rules], None] | None = None) -> bool:
    """Does `command` end well in a bound process?"""
    rules = landlock.Rules()
    rules.read(PROGRAMS)
    rules.write([Path("/dev/null")])
    if allow:
        allow(rules)
    done = subprocess.run(["/bin/sh", "-c", command], preexec_fn=rules.enforce, check=False)
    rules.close()
    return done.returncode == 0


def test_what_no_rule_allows_is_denied(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    for command in (f"cat {file} >/dev/null", f"ls {tmp_path} >/dev/null", f"echo x >{file}"):
        assert not shell(command), command
    assert file.read_text() == "content"


def test_reading_is_not_writing_and_names_are_no_content(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    assert shell(f"cat {file} >/dev/null", lambda rules: rules.read([tmp_path]))
    assert shell(f"cat {file} >/dev/null", lambda rules: rules.read([file]))
    assert not shell(f"echo x >{file}", lambda rules: rules.read([tmp_path]))
    assert shell(f"ls {tmp_path} >/dev/null", lambda rules: rules.list_names([tmp_path]))
    assert not shell(f"cat {file} >/dev/null", lambda rules: rules.list_names([tmp_path]))
    move = f"mkdir {tmp_path}/new && mv {file} {tmp_path}/new/file"
    assert shell(move, lambda rules: rules.write([tmp_path]))


def test_a_path_that_is_not_there_allows_nothing(tmp_path: Path) -> None:
    assert shell("true", lambda rules: rules.read([tmp_path / "absent"]))


def test_elsewhere_there_is_no_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert landlock.abi() == 0


def test_rules_leave_no_open_file() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    rules = landlock.Rules()
    rules.read(PROGRAMS)
    rules.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
