"""A release becomes an image only on a base by digest, and only if nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from delivery.commands import image as command
from delivery.commands import inspect as inspecting
from delivery.commands.image import build
from delivery.errors import InputError, RefusedError
from delivery.image import release
from delivery.image.layout import Image
from delivery.image.reference import Reference
from tests.delivery.image.made import files
from tests.delivery.image.test_build import bento
from tests.delivery.place import World
from tests.images.base import lay_out
from tests.origin import Origin

ONE = "r-111111111111"
BASE = "example/python@sha256:" + "a" * 64
PYTHON = {"usr/bin/python3.11": "program"}


@pytest.fixture
def world(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A release whose bento is here, and a registry with one base."""
    origin.want("staging", ONE)
    made = World(origin.path, lambda _: None)
    own = bento(tmp_path / "release")
    record = made.snapshot().record(ONE).model_copy(update={"bento_sha256": own.sha256})
    monkeypatch.setattr("delivery.state.snapshot.Snapshot.record", lambda *_: record)
    monkeypatch.setattr(World, "bento", lambda *_: own.path)
    has_base(monkeypatch, tmp_path, PYTHON)
    return made


def has_base(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, contents: Mapping[str, str], mode: int = 0o755
) -> Image:
    found = files(tmp_path / "base-files", contents)
    for file in found.values():
        file.chmod(mode)
    image = lay_out(tmp_path / "base", found)
    monkeypatch.setattr("delivery.image.release.pull", lambda *_: image)
    return image


def test_it_is_built_and_pushed_under_its_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "push", lambda image, name, _: Reference(name, image.digest))
    result = build(world, ONE, BASE, push_to="registry.example/online")
    assert result.pushed == f"registry.example/online@{result.digest}"
    assert len(result.diff_ids) == 3
    again = build(world, ONE, BASE)
    assert (again.config_digest, again.pushed) == (result.config_digest, "")


@pytest.mark.parametrize("base", ["example/python:3.11", "example/python"])
def test_a_base_by_tag_is_refused(world: World, base: str) -> None:
    with pytest.raises(InputError, match=r"--base is .* a tag can be moved"):
        build(world, ONE, base)


def test_a_base_with_a_package_manager_is_refused_and_not_pushed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_base(monkeypatch, tmp_path, PYTHON | {"usr/bin/apt-get": "x"})
    monkeypatch.setattr(command, "push", lambda *_: pytest.fail("it was pushed"))
    with pytest.raises(RefusedError, match="/usr/bin/apt-get, layer 0, installs"):
        build(world, ONE, BASE, push_to="registry.example/online")


def test_a_base_with_a_setuid_program_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_base(monkeypatch, tmp_path, PYTHON | {"usr/bin/su": "x"}, mode=0o4755)
    with pytest.raises(RefusedError, match=r"/usr/bin/su, layer 0, gives its rights"):
        build(world, ONE, BASE)


def test_inspection_takes_the_image_by_its_digest_and_names_what_differs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = release.pull(Reference.parse(BASE, "base"), world.workspace)
    monkeypatch.setattr(inspecting, "pull", lambda *_: image)
    candidate = type("Candidate", (), {"bento": type("B", (), {"path": world.bento(None, ONE)})})
    with pytest.raises(InputError, match=r"it runs as .root.*bento.yaml is missing"):
        inspecting._image(world, candidate, f"x@{image.digest}")
    with pytest.raises(InputError, match="is an index"):
        inspecting._image(world, candidate, BASE)
    with pytest.raises(InputError, match="a tag can be moved"):
        inspecting._image(world, candidate, "x:latest")
