"""A release that main lacks is named, and what is not in order is a problem."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from delivery.commands.inspect import Finding, InspectResult, _look, inspect
from delivery.errors import InputError, StoreError
from delivery.state.desired import desired_path
from tests.delivery.imaged import IMAGE, POLICY, Imaged, publish, well_signed
from tests.delivery.place import World
from tests.origin import Origin, make_origin

ONE = "r-111111111111"


@pytest.fixture
def world(origin: Origin) -> World:
    origin.want("staging", ONE)
    return World(origin.path, lambda _: None)


def test_a_release_that_is_not_there_lists_those_that_are(world: World) -> None:
    with pytest.raises(InputError, match=ONE):
        inspect(world, "r-222222222222")


def test_bytes_that_cannot_be_had_are_no_finding(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them nothing can be looked at."""

    def lost(*_: object) -> None:
        raise StoreError("the store does not have them")

    monkeypatch.setattr("delivery.commands.inspect.released", lost)
    with pytest.raises(StoreError):
        inspect(world, ONE)


def test_problems_are_the_findings_that_are_not_in_order() -> None:
    good, bad = Finding("record", True, "agrees"), Finding("bento", False, "another file")
    assert InspectResult(ONE, (good, bad), (), ()).problems == (bad,)


def test_an_environment_whose_file_cannot_be_read_does_not_want_it(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = origin.git("rev-parse", "HEAD")
    origin.push({desired_path("staging"): "nonsense"})
    bento = SimpleNamespace(bento=SimpleNamespace(path=origin.path))
    monkeypatch.setattr("delivery.commands.inspect.released", lambda *_: bento)
    monkeypatch.setattr("delivery.commands.inspect.inside", lambda *_: ())
    monkeypatch.setattr(
        "delivery.commands.inspect._look", lambda name, _: Finding(name, True, "looked at")
    )
    result = inspect(world, ONE)
    assert ("staging", f"merged, attempt {attempt}") in result.environments
    assert not any(finding.name.startswith("evidence for") for finding in result.findings)


def test_the_image_that_an_environment_wants_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_origin(tmp_path, str(IMAGE))
    made.push({"delivery.yaml": POLICY})
    made.promote("production", ONE)
    world = Imaged(made.path, lambda _: None)
    monkeypatch.setattr("delivery.context.released_signature", lambda *_: well_signed())
    monkeypatch.setattr(
        "delivery.commands.inspect.released", lambda *_: SimpleNamespace(bento=made)
    )
    monkeypatch.setattr("delivery.commands.inspect.inside", lambda *_: ())

    def look(name: str, look: Callable[[], str]) -> Finding:
        """At images alone: the rest needs bytes."""
        return _look(name, look) if name.startswith("image") else Finding(name, True, "")

    monkeypatch.setattr("delivery.commands.inspect._look", look)

    def images() -> dict[str, Finding]:
        findings = inspect(world, ONE).findings
        return {each.name: each for each in findings if each.name.startswith("image")}

    assert list(images()) == ["image for production"]  # staging runs processes
    assert not images()["image for production"].ok
    publish(made)
    assert images()["image for production"].ok
    assert str(IMAGE) in images()["image for production"].found
