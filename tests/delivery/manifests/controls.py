"""The manifests of the template, and ways to spoil them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from delivery.documents import parse_yaml
from delivery.manifests.objects import Manifests
from delivery.manifests.policy import breaches
from delivery.manifests.render import render, stand_in
from serving.settings.service import ServingSettings
from tests.checkout import ROOT

IMAGE = f"registry.invalid/delivery@sha256:{'d' * 64}"
ENVIRONMENT, RELEASE = "environment", "release"
POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
GONE = object()
Spoil = Callable[[Manifests], None]


@functools.cache
def rendered() -> Manifests:
    return render(ROOT, "staging", stand_in(), ServingSettings())


def manifests() -> Manifests:
    """What staging renders with a release, to be spoiled."""
    return copy.deepcopy(rendered())


def broken_by(spoil: Spoil) -> set[str]:
    """The rules that the spoiled manifests break."""
    spoiled = manifests()
    spoil(spoiled)
    return {breach.rule for breach in breaches(spoiled)}


def put(kind: str, path: Sequence[str | int], value: Any) -> Spoil:
    """Put a value at the path of the last object of a kind; GONE takes it away."""

    def spoil(spoiled: Manifests) -> None:
        place: Any = spoiled.of(kind)[-1]
        for step in path[:-1]:
            place = place[step]
        if value is GONE:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return spoil


def watching(**spec: Any) -> Spoil:
    """Add a watcher, which has the account and a token, with this in its spec."""

    def spoil(spoiled: Manifests) -> None:
        file = ROOT / "infra/components/watcher/deployment.yaml"
        made = parse_yaml(file.read_text().replace("unset/delivery", IMAGE), str(file))
        made["metadata"]["namespace"] = spoiled.namespace
        made["spec"].update(spec)
        spoiled.environment.append(made)  # type: ignore[attr-defined]

    return spoil


def add(kind: str, part: str = ENVIRONMENT, **content: Any) -> Spoil:
    """Add an object to a part."""

    def spoil(spoiled: Manifests) -> None:
        metadata = {"name": "added", "namespace": spoiled.namespace}
        getattr(spoiled, part).append({"kind": kind, "metadata": metadata, **content})

    return spoil


def drop(kind: str) -> Spoil:
    """Take all objects of a kind away."""

    def spoil(spoiled: Manifests) -> None:
        for part in (spoiled.environment, spoiled.release):
            part[:] = [each for each in part if each["kind"] != kind]

    return spoil


def listed(found: Sequence[Mapping[str, Any]], name: str) -> int:
    """The number of the one of this name."""
    return next(number for number, each in enumerate(found) if each["name"] == name)
