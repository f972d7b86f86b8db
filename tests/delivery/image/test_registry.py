"""skopeo carries images; what it says when it fails is passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.image import registry
from delivery.image.reference import Reference
from tests.delivery.image.made import base

DIGEST = "sha256:" + "a" * 64
SCRIPT = '#!/bin/sh\necho "$@" >> {log}\n{then}\n'


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in(tmp_path, monkeypatch, "true")


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str) -> Path:
    log, programs = tmp_path / "calls", tmp_path / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "skopeo").write_text(SCRIPT.format(log=log, then=then))
    (programs / "skopeo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return log


def test_a_push_keeps_the_digest_and_needs_tls_but_on_loopback(tmp_path: Path, log: Path) -> None:
    image = base(tmp_path)
    pushed = registry.push(image, "registry.example/online", "base")
    assert str(pushed) == f"registry.example/online@{image.digest}"
    registry.push(image, "127.0.0.1:5000/online", "base")
    far, near = log.read_text().splitlines()
    assert "--preserve-digests" in far
    assert "docker://registry.example/online:base" in far
    assert "tls-verify" not in far
    assert "--dest-tls-verify=false" in near


def test_what_was_pulled_once_is_not_asked_for_again(tmp_path: Path, log: Path) -> None:
    image = base(tmp_path)
    kept = registry.images(tmp_path)
    kept.mkdir()
    image.layout.folder.rename(kept / DIGEST[7:])
    assert registry.pull(Reference("example/online", DIGEST), tmp_path).digest == image.digest
    assert not log.exists()


def test_a_failure_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "echo manifest unknown >&2; exit 1")
    with pytest.raises(TargetError, match="manifest unknown"):
        registry.pull(Reference("example/online", DIGEST), tmp_path)


def test_without_skopeo_it_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match="skopeo is not on PATH; Debian"):
        registry.pull(Reference("example/online", DIGEST), tmp_path)


def test_a_list_is_carried_with_all_that_it_lists(tmp_path: Path, log: Path) -> None:
    image = base(tmp_path)
    registry.push_index(image.layout, "registry.example/online", "sha256-a")
    assert registry.pull_index("registry.example/online", "sha256-a", image.layout) == image.digest
    there, back = log.read_text().splitlines()
    assert "--all --preserve-digests" in there
    assert there.endswith("docker://registry.example/online:sha256-a")
    assert "--all docker://registry.example/online:sha256-a" in back


def test_a_tag_that_is_not_there_is_no_failure_and_another_failure_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = base(tmp_path).layout
    stand_in(tmp_path, monkeypatch, "echo reading manifest: manifest unknown >&2; exit 1")
    assert registry.pull_index("registry.example/online", "sha256-a", layout) == ""
    stand_in(tmp_path, monkeypatch, "echo unauthorized >&2; exit 1")
    with pytest.raises(TargetError, match="unauthorized"):
        registry.pull_index("registry.example/online", "sha256-a", layout)
