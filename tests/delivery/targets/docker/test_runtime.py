"""What a runtime decides without an engine; tests/images has the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.targets.docker.containers import Container, Containers
from delivery.targets.local.runtime import LED
from delivery.targets.protocol import Instance
from tests.delivery.targets.docker.test_containers import facts
from tests.delivery.targets.docker.test_target import made

IMAGE = f"registry.example/online@sha256:{'b' * 64}"


def test_a_release_is_led_to_by_the_name_of_its_container(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = made(home).runtime
    monkeypatch.setattr(Containers, "addresses", lambda _: {"r-1": "http://name:3000"})
    instance = Instance("r-1", "http://10.0.0.3:3000", alive=True)
    assert runtime._led(instance, "http://name:3000").problem == ""
    assert runtime._led(instance, None).problem == ""
    assert runtime._led(instance, "http://another:3000").problem == LED


def test_what_does_not_run_is_not_adopted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Containers, "slots", lambda _: [])
    assert not made(home).runtime._adopt(Bento("r-1", home, IMAGE))


def test_what_runs_from_another_image_is_not_adopted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever started it, and whatever it is labelled as."""
    container = facts()
    container["Config"]["Image"] = IMAGE
    runtime = made(home).runtime
    container["Config"]["Labels"]["model-delivery.options"] = runtime.files._digest("r-1")
    monkeypatch.setattr(Containers, "slots", lambda _: [Container(container)])
    monkeypatch.setattr(type(runtime), "_ready", lambda *_, **__: True)
    assert runtime._adopt(Bento("r-1", home, IMAGE))
    for other in (IMAGE.replace("b", "c"), "registry.example/online:1", "none"):
        assert not runtime._adopt(Bento("r-1", home, other))
