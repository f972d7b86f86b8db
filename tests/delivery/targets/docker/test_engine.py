"""An engine is asked by `docker`, and says what is wrong in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.targets.docker.engine import Engine, EngineError


def test_what_it_prints_is_given(home: Path) -> None:
    assert Engine()("version") == "done"


def test_a_refusal_names_command_engine_and_reason(home: Path) -> None:
    with pytest.raises(EngineError, match=r"docker fail at .*: .*on fire\. `delivery doctor`"):
        Engine("ssh://ann@example")("fail")


def test_what_is_not_there_is_none(home: Path) -> None:
    assert Engine().inspected("container", "nobody") is None


def test_removing_twice_is_no_error(
    home: Path, calls: Callable[[], Sequence[Sequence[str]]]
) -> None:
    (home / "bin" / "docker").write_text("#!/bin/sh\necho 'Error: No such container: x' >&2; false")
    Engine().removed("x")


def test_without_docker_it_says_what_brings_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(TargetError, match=r"not on PATH.*apt-get install docker\.io"):
        Engine()("version")


def test_the_host_of_the_settings_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///elsewhere")
    (home / "bin" / "docker").write_text('#!/bin/sh\necho "$DOCKER_HOST"')
    assert Engine()("info") == Engine().place == "unix:///elsewhere"
    assert Engine("ssh://ann@example")("info") == "ssh://ann@example"
