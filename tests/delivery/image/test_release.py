"""An image is made once a release and base, and refused with what it should not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import RefusedError
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.image.registry import images
from delivery.image.release import kept_image, release_image
from tests.delivery.image.made import ID, files, record
from tests.delivery.image.test_build import bento
from tests.images.base import lay_out

BASE = Reference("example/python", "sha256:" + "a" * 64)
PYTHON = {"usr/bin/python3.11": "program"}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], Image]:
    one: Bento = bento(tmp_path / "release")

    def made(contents: dict[str, str]) -> Image:
        base = lay_out(tmp_path / "base", files(tmp_path / "files", contents))
        monkeypatch.setattr("delivery.image.release.pull", lambda *_: base)
        return release_image(one, record(one.sha256), BASE, tmp_path / "workspace").image

    return made


def test_it_is_kept_for_its_base_alone(
    make: Callable[[dict[str, str]], Image], tmp_path: Path
) -> None:
    assert kept_image(ID, BASE, tmp_path / "workspace") is None
    made = make(PYTHON)
    kept = kept_image(ID, BASE, tmp_path / "workspace")
    assert kept is not None
    assert kept.digest == made.digest
    other = Reference("example/python", "sha256:" + "b" * 64)
    assert kept_image(ID, other, tmp_path / "workspace") is None


def test_what_is_refused_is_not_kept(
    make: Callable[[dict[str, str]], Image], tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match="/usr/bin/apt-get"):
        make(PYTHON | {"usr/bin/apt-get": "x"})
    assert not (images(tmp_path / "workspace") / ID).exists()
