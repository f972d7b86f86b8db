"""Everything of an environment is found by its names and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from delivery.targets.docker.place import Place, label


def test_names_and_labels_say_whose_it_is(place: Place) -> None:
    assert place.name("router") == "delivery-staging-router"
    assert place.labelled("instance", {"release": "r-1"}) == [
        "--label=model-delivery.environment=staging",
        "--label=model-delivery.role=instance",
        "--label=model-delivery.release=r-1",
    ]
    assert label({"Config": {"Labels": {"model-delivery.release": "r-1"}}}, "release") == "r-1"
    assert label({"Config": {"Labels": None}}, "release") == ""


def test_the_network_of_instances_leads_nowhere(
    place: Place, calls: Callable[[], Sequence[Sequence[str]]]
) -> None:
    place.prepare()
    made = {call[-1]: call for call in calls() if call[:2] == ["network", "create"]}
    assert made.keys() == {place.inside, place.front}
    assert "--internal" in made[place.inside]
    assert "--internal" not in made[place.front]
