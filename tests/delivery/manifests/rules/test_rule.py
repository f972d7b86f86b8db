from __future__ import annotations

from delivery.manifests.rules.rule import containers, every, labels_of_pods, seconds, selects
from tests.delivery.manifests.controls import manifests


def test_a_selector_that_says_nothing_selects_nothing() -> None:
    assert selects({"a": "b"}, {"a": "b", "c": "d"})
    assert not selects({"a": "b"}, {"a": "c"})
    assert not selects({}, {"a": "b"})
    assert not selects(None, {"a": "b"})


def test_every_names_what_differs() -> None:
    found = iter([("x", {"a": {"b": 1}}), ("y", {"a": {}})])
    assert list(every(found, ["a", "b"], 1)) == [("y", "has a.b: None, expected 1")]


def test_containers_that_run_before_the_others_count() -> None:
    spoiled = manifests()
    (deployment,) = spoiled.of("Deployment")
    deployment["spec"]["template"]["spec"]["initContainers"] = [{"name": "first"}]
    release = deployment["metadata"]["name"]
    assert [name for name, _ in containers(spoiled)] == [
        f"Deployment/{release}, container first",
        f"Deployment/{release}, container model",
    ]


def test_nothing_is_no_seconds_and_no_labels() -> None:
    assert (seconds(None), seconds("5"), seconds(2)) == (0, 5, 2)
    assert labels_of_pods({"kind": "Deployment"}) == {}
