"""Where environments run is looked at: a port, or a cluster."""

from __future__ import annotations

import pytest

from delivery.commands.doctor import places
from delivery.errors import HeldError
from delivery.settings.policy import Environment, parse_settings
from tests.delivery.place import World
from tests.origin import Origin

TEXT = """
environments:
  staging: { target: { kind: kubernetes, namespace: model-staging, url: "http://x" } }
"""


def environment() -> Environment:
    return parse_settings(TEXT).environment("staging")


def test_a_cluster_that_lets_delivery_in_is_told(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "access", lambda *_: "all is there")
    check = places.place(World(origin.path, lambda _: None), environment())
    assert (check.name, check.ok, check.found) == ("cluster staging", True, "all is there")


def test_what_is_missing_in_a_cluster_has_a_cure(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise HeldError("its namespace is not there. Make it")

    monkeypatch.setattr(places, "access", refuse)
    check = places.place(World(origin.path, lambda _: None), environment())
    assert (check.ok, check.found, check.cure) == (False, "its namespace is not there", "Make it")


def test_an_environment_without_a_service_has_no_place_to_look_at(origin: Origin) -> None:
    batch = parse_settings("environments: {nightly: {target: {kind: batch, sample: recent/}}}")
    nightly = iter([batch.environment("nightly")])
    assert list(places.places(World(origin.path, lambda _: None), nightly)) == []
