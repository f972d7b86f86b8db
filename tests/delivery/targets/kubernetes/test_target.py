"""A target of settings: rendered from main's infra/, into the namespace that settings name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.settings.kubernetes import KubernetesTargetSettings
from delivery.settings.policy import Environment, parse_settings
from delivery.state.desired import ReleaseRef
from delivery.targets.kubernetes.kubectl import Kubectl
from delivery.targets.kubernetes.target import Renderer, access, kubernetes_target
from tests.checkout import ROOT

TEXT = """
environments:
  staging:
    target: { kind: kubernetes, namespace: %s, url: "https://model.example/", context: prod }
"""


def environment(namespace: str = "model-staging") -> Environment:
    return parse_settings(TEXT % namespace).environment("staging")


def kubernetes(environment: Environment) -> KubernetesTargetSettings:
    target = environment.settings.target
    assert isinstance(target, KubernetesTargetSettings)
    return target


def sources(folder: Path) -> None:
    shutil.copytree(ROOT / "infra", folder / "infra")


def test_it_says_what_it_can() -> None:
    target = kubernetes_target(environment(), Path(), sources)
    assert target.capabilities.lasting
    assert list(target.capabilities.lacks(["shares", "sticky", "records"])) == ["sticky", "records"]
    assert target.router.url == "https://model.example"
    assert target.runtime.environment == "staging"


def test_with_an_image_that_divides_clients_it_can_do_a_canary() -> None:
    image = f"registry.invalid/delivery@sha256:{'2' * 64}"
    text = (TEXT % "model-staging").replace(" }", f', divider: "{image}" }}')
    made = parse_settings(f"{text}    rollout: canary").environment("staging")
    target = kubernetes_target(made, Path(), sources)
    assert not target.capabilities.lacks(made.settings.rollout.needs)
    assert target.capabilities.lacks(["mirror", "predictions"])


def test_each_release_is_rendered_once() -> None:
    times: list[Path] = []

    def counted(folder: Path) -> None:
        times.append(folder)
        sources(folder)

    renders = Renderer(environment(), kubernetes(environment()), counted)
    release = ReleaseRef("r-111111111111", image=f"x@sha256:{'1' * 64}")
    assert renders(release) is renders(release)
    assert renders().release == []
    assert len(times) == 2
    assert not any(folder.exists() for folder in times)


def test_another_namespace_than_the_settings_have_is_refused() -> None:
    with pytest.raises(InputError, match="renders into the namespace model-staging, but"):
        Renderer(environment("other"), kubernetes(environment("other")), sources)()


def test_access_is_tried_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(self: Kubectl, *arguments: str, text: str = "", limit: float = 0) -> str:
        asked.append(" ".join(arguments))
        return ""

    monkeypatch.setattr(Kubectl, "_ask", ask)
    said = access(environment(), sources)
    assert said == "namespace model-staging of prod takes what `delivery` applies"
    assert [call.split()[0] for call in asked] == ["get", "apply"]
    assert "--dry-run=server" in asked[1]
