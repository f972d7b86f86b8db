from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.manifests.objects import at
from delivery.manifests.policy import RULES, breaches
from delivery.manifests.render import render, stand_in
from delivery.manifests.rules.rule import pods as pods_of
from delivery.settings.policy import read_settings
from delivery.state.desired import ReleaseRef
from tests.checkout import ROOT
from tests.delivery.manifests.controls import manifests, put


def test_no_rule_has_the_name_of_another() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) == 41


@pytest.mark.parametrize("release", [stand_in(), ReleaseRef()], ids=["release", "none"])
def test_every_environment_of_this_checkout_keeps_the_rules(release: ReleaseRef) -> None:
    settings = read_settings(ROOT)
    for environment in settings.environments:
        found = render(ROOT, environment, release, settings.serving)
        assert list(map(str, breaches(found))) == []


IMAGE = f"registry.invalid/delivery@sha256:{'d' * 64}"
ADDED = {
    "watcher": {"Deployment": 1, "NetworkPolicy": 1},
    "prometheus": {"ServiceMonitor": 1, "NetworkPolicy": 1},
    "external-secrets": {"ExternalSecret": 1},
}


def with_component(name: str, folder: Path) -> Path:
    """A checkout whose staging has it."""
    shutil.copytree(ROOT / "infra", folder / "infra")
    own = folder / "infra/environments/staging/kustomization.yaml"
    one = "components: ["
    text = own.read_text().replace(one, f"{one}../../components/{name}, ")
    new, digest = IMAGE.split("@")
    images = [{"name": "unset/delivery", "newName": new, "digest": digest}]
    own.write_text(f"{text}images: {json.dumps(images)}\n")
    return folder


@pytest.mark.parametrize("release", [stand_in(), ReleaseRef()], ids=["release", "none"])
@pytest.mark.parametrize("name", ADDED)
def test_a_component_adds_to_an_environment_and_keeps_the_rules(
    name: str, release: ReleaseRef, tmp_path: Path
) -> None:
    settings = read_settings(ROOT).serving
    before = render(ROOT, "staging", release, settings)
    after = render(with_component(name, tmp_path), "staging", release, settings)
    assert (after.release, after.route) == (before.release, before.route)
    kinds = Counter(each["kind"] for each in after.environment)
    assert kinds - Counter(each["kind"] for each in before.environment) == ADDED[name]
    assert list(map(str, breaches(after))) == []


def test_the_watcher_has_the_image_and_the_name_of_its_environment(tmp_path: Path) -> None:
    settings = read_settings(ROOT).serving
    folder = with_component("watcher", tmp_path)
    (found,) = render(folder, "staging", ReleaseRef(), settings).of("Deployment")
    assert found["metadata"]["namespace"] == "model-staging"
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {each["image"] for each in (*pod["initContainers"], container)} == {IMAGE}
    assert container["args"] == ["watch", "staging"]
    assert container["livenessProbe"]["exec"]["command"][-2:] == ["staging", "--alive"]
    own = folder / "infra/environments/staging/kustomization.yaml"
    own.write_text(own.read_text().partition("images:")[0])
    with pytest.raises(InputError, match="image of Deployment/delivery is still 'unset/delivery'"):
        render(folder, "staging", ReleaseRef(), settings)


DIVIDER = f"registry.invalid/delivery@sha256:{'2' * 64}"


def test_the_divider_is_there_where_the_target_names_its_image(tmp_path: Path) -> None:
    settings, release = read_settings(ROOT).serving, stand_in()
    folder = with_component("divider", tmp_path)
    found = render(folder, "staging", release, settings, DIVIDER)
    kinds = sorted(each["kind"] for each in found.divider)
    assert kinds == ["Deployment", "PodDisruptionBudget", "Service"]
    assert list(map(str, breaches(found))) == []
    assert render(folder, "staging", release, settings).divider == []
    with pytest.raises(InputError, match="Add the component"):
        render(ROOT, "staging", release, settings, DIVIDER)


def test_a_token_is_for_the_divider_alone(tmp_path: Path) -> None:
    settings = read_settings(ROOT).serving
    found = render(with_component("divider", tmp_path), "staging", stand_in(), settings, DIVIDER)
    pods: dict[str, Any] = dict(pods_of(found))
    assert pods["Deployment/divider"]["automountServiceAccountToken"]
    model = f"Deployment/{stand_in().release}"
    pods[model]["automountServiceAccountToken"] = True
    assert [each.object for each in breaches(found)] == [model]


def test_keda_scales_each_release_by_its_own_requests(tmp_path: Path) -> None:
    settings, release = read_settings(ROOT).serving, stand_in()
    folder = with_component("keda", tmp_path)
    found = render(folder, "staging", release, settings)
    assert list(map(str, breaches(found))) == []
    assert not found.of("HorizontalPodAutoscaler")
    (scaler,) = found.of("ScaledObject")
    assert scaler["spec"]["scaleTargetRef"] == {"name": release.release}
    assert scaler["spec"]["triggers"][0]["metadata"]["query"] == (
        f'sum(serving_requests_in_flight{{release="{release.release}",environment="staging"}})'
    )
    rights = [rule["resources"] for each in found.of("Role") for rule in each["rules"]]
    assert ["scaledobjects"] in rights
    none = render(folder, "staging", ReleaseRef(), settings)
    assert (none.release, list(map(str, breaches(none)))) == ([], [])


def test_the_secret_from_a_store_is_the_one_that_pods_name() -> None:
    """And its properties are the keys of it."""
    file = ROOT / "infra/components/external-secrets/secret.yaml"
    made = parse_yaml(file.read_text(), str(file))
    (deployment,) = manifests().of("Deployment")
    references = [
        at(each, "valueFrom", "secretKeyRef")
        for each in at(deployment, "spec", "template", "spec", "containers", 0, "env")
    ]
    assert {each["name"] for each in references if each} == {made["spec"]["target"]["name"]}


def test_a_breach_says_where_what_and_why() -> None:
    spoiled = manifests()
    put("Deployment", ("spec", "replicas"), 3)(spoiled)
    (found,) = breaches(spoiled)
    assert str(found) == (
        f"Deployment/{stand_in().release} has replicas, which the autoscaler owns "
        "(protects from: two hands at one number)"
    )
