from __future__ import annotations

from delivery.manifests.objects import at, named, strings
from tests.delivery.manifests.controls import manifests


def test_what_lies_at_a_path_and_what_does_not() -> None:
    found = {"a": [{"b": 1}]}
    assert at(found, "a", 0, "b") == 1
    assert at(found, "a", 1, "b") is None
    assert at(found, "a", "b") is None
    assert at(None, "a") is None


def test_every_string_has_its_place() -> None:
    found = {"a": ["x", {"b": "y"}], "c": 7}
    assert list(strings(found)) == [("a.0", "x"), ("a.1.b", "y")]


def test_objects_are_found_by_their_kind() -> None:
    found = manifests()
    assert found.namespace == "model-staging"
    assert {named(each) for each in found.of("Gateway", "HTTPRoute")} == {
        "Gateway/model",
        "HTTPRoute/model",
    }
    assert len(found.all) == len(found.environment) + len(found.release) + 1
