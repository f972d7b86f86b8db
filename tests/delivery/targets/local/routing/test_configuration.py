"""What Traefik is told says who gets what, and which version of it is in force."""

from __future__ import annotations

import pytest

from delivery.targets.local.routing.configuration import VERSION, configuration, weights_of

ADDRESSES = {"r-one": "http://127.0.0.1:1", "r-two": "http://127.0.0.1:2"}


@pytest.mark.parametrize("weights", [{}, {"r-one": 100}, {"r-one": 90, "r-two": 10}])
def test_the_weights_are_read_back(weights: dict[str, int]) -> None:
    assert weights_of(configuration(weights, ADDRESSES)[0]) == weights


def test_a_release_without_an_address_keeps_its_weight_and_has_no_server() -> None:
    http, _ = configuration({"r-one": 100}, {})
    assert weights_of(http) == {"r-one": 100}
    assert http["services"]["r-one"]["loadBalancer"]["servers"] == []


def test_the_version_changes_with_weights_and_addresses() -> None:
    versions = [
        configuration(weights, addresses)[1]
        for weights, addresses in (
            ({"r-one": 100}, ADDRESSES),
            ({"r-two": 100}, ADDRESSES),
            ({"r-one": 100}, {"r-one": "http://127.0.0.1:3"}),
        )
    ]
    assert len(set(versions)) == 3
    http, version = configuration({"r-one": 100}, ADDRESSES)
    assert version == versions[0]
    header = http["middlewares"]["version"]["headers"]["customResponseHeaders"]
    assert header == {VERSION: version}
