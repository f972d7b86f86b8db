from __future__ import annotations

import pytest

from delivery.manifests.policy import RULES, breaches
from delivery.manifests.render import render, stand_in
from delivery.settings.policy import read_settings
from delivery.state.desired import ReleaseRef
from tests.checkout import ROOT
from tests.delivery.manifests.controls import manifests, put


def test_no_rule_has_the_name_of_another() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) == 40


@pytest.mark.parametrize("release", [stand_in(), ReleaseRef()], ids=["release", "none"])
def test_every_environment_of_this_checkout_keeps_the_rules(release: ReleaseRef) -> None:
    settings = read_settings(ROOT)
    for environment in settings.environments:
        found = render(ROOT, environment, release, settings.serving)
        assert list(map(str, breaches(found))) == []


def test_a_breach_says_where_what_and_why() -> None:
    spoiled = manifests()
    put("Deployment", ("spec", "replicas"), 3)(spoiled)
    (found,) = breaches(spoiled)
    assert str(found) == (
        f"Deployment/{stand_in().release} has replicas, which the autoscaler owns "
        "(protects from: two hands at one number)"
    )
