"""`infra/environments/<env>/desired.yaml`: what an environment shall run.

The file is a ConfigMap that kustomize reads and drops (`local-config`). A pull request changes
it; a merge of that pull request is a deployment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from delivery.documents import parse_yaml
from delivery.errors import InputError

NONE = "none"
HEADER = """\
# What this environment shall run. Written by `delivery promote` and `delivery rollback`; merging
# a change of it deploys. `release: none` means that nothing runs here.
"""
KEYS = ("release", "bentoSha256", "image", "previousRelease", "previousBentoSha256",
        "previousImage", "rollbackOf")  # fmt: skip
VALUE = re.compile(r'^  \w+: "([^"\\\n]*)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReleaseRef:
    """A version: a release by its id and the hash of its bento, and the image that it runs from
    where images run, NAME@sha256:…; `none` elsewhere."""

    release: str = NONE
    bento_sha256: str = NONE
    image: str = NONE

    @property
    def exists(self) -> bool:
        return self.release != NONE


@dataclass(frozen=True, slots=True)
class Desired:
    """The wanted release, the one to fall back on, and, for a rollback, what it rolled back."""

    wanted: ReleaseRef = ReleaseRef()
    previous: ReleaseRef = ReleaseRef()
    rollback_of: str = NONE

    @property
    def is_rollback(self) -> bool:
        return self.rollback_of != NONE


def desired_path(environment: str) -> str:
    return f"infra/environments/{environment}/desired.yaml"


def evidence_path(environment: str) -> str:
    return f"infra/environments/{environment}/evidence.json"


def parse_desired(text: str, source: str) -> Desired:
    """InputError names the key that is missing, unknown or of the wrong type."""
    data = _as_written(text)
    if data is None:
        document = parse_yaml(text, source)
        data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, Mapping):
        raise _malformed(source, "it has no mapping under `data`")
    for key in KEYS:
        value = data.get(key)
        if not isinstance(value, str) or not value.isprintable():
            raise _malformed(source, f"data.{key} is {value!r}, expected a string")
    unknown = sorted(map(str, set(data) - set(KEYS)))
    if unknown:
        raise _malformed(source, f"data.{unknown[0]} is not a key of it")
    wanted = ReleaseRef(data["release"], data["bentoSha256"], data["image"])
    previous = ReleaseRef(
        data["previousRelease"], data["previousBentoSha256"], data["previousImage"]
    )
    for version, key in ((wanted, "bentoSha256"), (previous, "previousBentoSha256")):
        if version.exists and not version.release == f"r-{version.bento_sha256[:12]}":
            raise _malformed(source, f"data.{key} does not belong to {version.release}")
    return Desired(wanted, previous, data["rollbackOf"])


def _as_written(text: str) -> Mapping[Any, Any] | None:
    """The data of a file that is to the byte what `render_desired` writes. Reading it as YAML takes
    a millisecond, and an environment has one for each of its attempts."""
    values = VALUE.findall(text)
    same = len(values) == len(KEYS) and _render(values) == text
    return dict(zip(KEYS, values, strict=True)) if same else None


def render_desired(desired: Desired) -> str:
    """The file. The inverse of `parse_desired`."""
    wanted, previous = desired.wanted, desired.previous
    return _render(
        (wanted.release, wanted.bento_sha256, wanted.image, previous.release,
         previous.bento_sha256, previous.image, desired.rollback_of)
    )  # fmt: skip


def _render(values: Iterable[str]) -> str:
    lines = [
        "apiVersion: v1",
        "kind: ConfigMap",
        "metadata:",
        "  name: release",
        "  annotations:",
        '    config.kubernetes.io/local-config: "true"',
        "data:",
        *(f'  {key}: "{value}"' for key, value in zip(KEYS, values, strict=True)),
    ]
    return HEADER + "\n".join(lines) + "\n"


def _malformed(source: str, problem: str) -> InputError:
    return InputError(
        f"{source} is malformed: {problem}. `git log -- {source}` shows the last good one; "
        "it is written by `delivery promote`, not by hand."
    )
