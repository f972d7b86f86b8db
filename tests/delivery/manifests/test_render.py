from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from kubernetes_validate import validate

from delivery.errors import InputError
from delivery.manifests import render as rendering
from delivery.manifests.objects import at
from delivery.manifests.render import render, stand_in
from delivery.state.desired import ReleaseRef
from serving.settings.service import ServingSettings
from tests.checkout import ROOT

SETTINGS = ServingSettings(protocols=["native"])
RELEASE = stand_in()
VERSION = "1.36"  # of the schemas: that of tests/cluster


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout's infra/, to be spoiled."""
    shutil.copytree(ROOT / "infra", tmp_path / "infra")
    return tmp_path


def spoil(tree: Path, path: str, old: str, new: str) -> None:
    file = tree / "infra" / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_release_is_rendered_with_all_that_it_has(tree: Path) -> None:
    found = render(tree, "staging", RELEASE, SETTINGS)
    assert Counter(each["kind"] for each in found.release) == {
        "Deployment": 1,
        "Service": 1,
        "HorizontalPodAutoscaler": 1,
        "PodDisruptionBudget": 1,
    }
    (deployment,) = found.of("Deployment")
    (container,) = at(deployment, "spec", "template", "spec", "containers")
    variables = {each["name"]: each.get("value") for each in container["env"]}
    assert container["image"] == RELEASE.image
    assert variables["RELEASE_ID"] == RELEASE.release
    assert ServingSettings.model_validate(json.loads(variables["SERVING_SETTINGS"])) == SETTINGS


def test_no_release_renders_nothing_of_one(tree: Path) -> None:
    none = render(tree, "staging", ReleaseRef(), SETTINGS)
    assert none.release == []
    one = render(tree, "staging", RELEASE, SETTINGS)
    assert (none.environment, none.route) == (one.environment, one.route)


def test_environments_have_a_namespace_each(tree: Path) -> None:
    places = {render(tree, name, RELEASE, SETTINGS).namespace for name in ("staging", "production")}
    assert places == {"model-staging", "model-production"}


def test_nothing_is_written_into_the_checkout(tree: Path) -> None:
    before = {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()}
    render(tree, "staging", RELEASE, SETTINGS)
    assert {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()} == before


def test_what_kubernetes_itself_has_fits_its_schemas(tree: Path) -> None:
    found = render(tree, "staging", RELEASE, SETTINGS)
    own = [each for each in found.all if "gateway.networking" not in each["apiVersion"]]
    assert len(own) == len(found.all) - 2
    for each in own:
        validate(each, VERSION, strict=True)


@pytest.mark.parametrize("image", ["none", "registry.example.com/model:1", "@sha256:" + "0" * 64])
def test_an_image_without_a_digest_is_refused(tree: Path, image: str) -> None:
    with pytest.raises(InputError, match="digest"):
        render(tree, "staging", ReleaseRef(RELEASE.release, RELEASE.bento_sha256, image), SETTINGS)


VALUES = "components/values/kustomization.yaml"
SPOILED = [
    # A name that fits nothing: kustomize says nothing.
    (VALUES, "kind: Deployment, name: model", "kind: Deployment, name: modle", "still 'unset'"),
    (VALUES, "[name=^RELEASE_ID$]", "[name=^RELEASE$]", "does not render"),
    (
        "base/release/deployment.yaml",
        "HOME, value: /tmp",
        "HOME, value: unset",
        "HOME|still 'unset",
    ),
    ("base/release/service.yaml", "name: model", "name: other", "expected r-|still"),
    ("base/release/kustomization.yaml", "budget.yaml]", "gone.yaml]", "does not render"),
    ("base/release/kustomization.yaml", "part: release", "part: realese", "expected one of"),
    ("base/kustomization.yaml", ", route]", "]", "routes none"),
]


@pytest.mark.parametrize(("path", "old", "new", "complaint"), SPOILED)
def test_what_kustomize_passes_over_is_an_error(
    tree: Path, path: str, old: str, new: str, complaint: str
) -> None:
    spoil(tree, path, old, new)
    with pytest.raises(InputError, match=complaint):
        render(tree, "staging", RELEASE, SETTINGS)


PATCH = """
patches:
  - target: { kind: Deployment }
    patch: |-
      - { op: replace, path: /spec/template/spec/containers/0/image, value: "other/image:1" }
"""


def test_a_patch_may_not_choose_the_image(tree: Path) -> None:
    with (tree / "infra/environments/staging/kustomization.yaml").open("a") as file:
        file.write(PATCH)
    # A patch of an overlay comes after its components.
    with pytest.raises(InputError, match="other/image:1"):
        render(tree, "staging", RELEASE, SETTINGS)


def test_what_searches_for_ever_is_ended(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tree / "kubectl"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(rendering, "program", lambda _: str(slow))
    monkeypatch.setattr(rendering, "TIME", 0.2)
    with pytest.raises(InputError, match="did not end"):
        render(tree, "staging", RELEASE, SETTINGS)
