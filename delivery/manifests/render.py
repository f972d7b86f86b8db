"""From infra/ and a release to the objects of Kubernetes: kustomize renders, and this holds it to
what was asked for, since kustomize passes over a name that fits nothing without a word."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.files import program
from delivery.manifests.objects import PART, Manifests, Object, named, strings
from delivery.state.desired import NONE, Desired, ReleaseRef, desired_path, render_desired
from serving.settings.service import VARIABLE, ServingSettings

INFRA = "infra"
SETTINGS = "infra/base/settings.yaml"
TIME = 30.0  # s: it takes 0.1; some mistakes make kustomize search for ever
PLACEHOLDER = "unset"
BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
PARTS = ("environment", "release", "divider", "route")


def render(
    root: Path, environment: str, release: ReleaseRef, settings: ServingSettings, divider: str = ""
) -> Manifests:
    """What the checkout at `root` renders for `environment` with `release`; where that is none,
    nothing is rendered of a release, and without an image `divider` nothing of one.

    Raises:
        InputError: it does not render, or not to what was asked for; the message names the place.
    """
    if release.exists and not BY_DIGEST.fullmatch(release.image):
        raise InputError(
            f"{release.release} has the image {release.image!r}, expected one by its digest "
            f"(name@sha256:…). A target that runs images can run no other."
        )
    source = f"{INFRA}/environments/{environment}"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(root / INFRA, copy / INFRA)
        (copy / desired_path(environment)).write_text(render_desired(Desired(release)))
        rendered = _settings((copy / SETTINGS).read_text(), environment, settings, divider)
        (copy / SETTINGS).write_text(rendered)
        objects = _kustomize(copy / source, source)
    if not release.exists:
        objects = [each for each in objects if _part(each) != "release"]
    if not divider:
        objects = [each for each in objects if _part(each) != "divider"]
    manifests = _sorted(objects, source)
    _require_asked(manifests, release, source)
    _require_divider(manifests, divider, source)
    return manifests


def kustomization(environment: str) -> str:
    """Where an environment says what differs in it."""
    return f"{INFRA}/environments/{environment}/kustomization.yaml"


def stand_in() -> ReleaseRef:
    """A release that is nowhere, for a look at what one would be."""
    digest = "0" * 64
    return ReleaseRef(f"r-{digest[:12]}", digest, f"registry.invalid/model@sha256:{digest}")


def _settings(text: str, environment: str, settings: ServingSettings, divider: str) -> str:
    """The file that carries the settings of instances, with them in it."""
    document = parse_yaml(text, SETTINGS)
    document["data"]["environment"] = environment
    document["data"]["divider"] = divider
    document["data"]["serving"] = settings.to_environment().get(VARIABLE, "{}")
    return json.dumps(document)


def _kustomize(folder: Path, source: str) -> Sequence[Object]:
    command = [program("kubectl"), "kustomize", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{source}: `kubectl kustomize` did not end within {TIME:.0f} s. A replacement with "
            "`create: true` that finds nothing does that."
        ) from error
    if done.returncode:
        problem = done.stderr.strip().replace(f"{folder.parents[2]}/", "")
        raise InputError(f"{source} does not render: {problem}")
    texts = re.split(r"^---$", done.stdout, flags=re.MULTILINE)
    return [parse_yaml(text, source) for text in texts if text.strip()]


def _sorted(objects: Sequence[Object], source: str) -> Manifests:
    """The objects by their part."""
    parts: dict[str, list[Object]] = {part: [] for part in PARTS}
    for each in objects:
        part = _part(each)
        if part not in parts:
            raise InputError(
                f"{source} renders {named(each)} with the label {PART}: {part}, expected one of "
                f"{', '.join(PARTS)}. Give what you add the label of the part that it belongs to."
            )
        parts[part].append(each)
    if len(parts["route"]) != 1:
        names = ", ".join(map(named, parts["route"])) or "none"
        raise InputError(f"{source} renders the routes {names}, expected exactly one")
    return Manifests(parts["environment"], parts["release"], parts["route"][0], parts["divider"])


def _part(found: Object) -> str:
    labels: Any = found.get("metadata", {}).get("labels", {})
    return str(labels.get(PART, "environment"))


def _require_asked(manifests: Manifests, release: ReleaseRef, source: str) -> None:
    """InputError unless everything is filled in, with this release and no other."""
    for each in manifests.all:
        for path, value in strings(each):
            if value.startswith(PLACEHOLDER) or f'"{PLACEHOLDER}"' in value:
                raise InputError(
                    f"{source}: {path} of {named(each)} is still {value!r}. "
                    "infra/components/values or the environment has to name its place."
                )
    deployments = [each for each in manifests.release if each["kind"] == "Deployment"]
    images = [(each, _image(each)) for each in deployments]
    for each, image in images:
        if image != release.image:
            raise InputError(
                f"{source}: {named(each)} has the image {image}, but desired.yaml "
                f"says {release.image}. A patch must not change it."
            )
    names = {each["metadata"]["name"] for each in manifests.release}
    expected = set() if release.release == NONE else {release.release}
    if names != expected or len(deployments) != len(expected):
        raise InputError(
            f"{source} renders {', '.join(sorted(names)) or 'nothing'} of a release, expected "
            f"{release.release} with one Deployment"
        )


def _require_divider(manifests: Manifests, divider: str, source: str) -> None:
    """InputError unless the pods that divide clients run from that image, where there is one."""
    containers = [
        container["image"]
        for each in manifests.divider
        if each["kind"] == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    if divider and containers != [divider]:
        raise InputError(
            f"{source} renders {', '.join(containers) or 'nothing'} that divides clients, but the "
            f"target in delivery.yaml says `divider: {divider}`. Add the component "
            "../../components/divider before ../../components/values."
        )


def _image(deployment: Object) -> str:
    """Of the container that serves the model."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next((str(each["image"]) for each in containers if each["name"] == "model"), NONE)
