"""The SBOM of a bento: what its lock really installs, as CycloneDX JSON.

That is the lock for batch, which has all that serves and what scores files beside. The SBOM is made
from the environment of that lock, not from the lock: a lock is for every platform and knows no
licences. The same environment gives the same bytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from delivery.bento.environment import BATCH_LOCK, LOCK, environment
from delivery.errors import HeldError, InputError
from delivery.state.record import Platform

SECONDS = 120
# A time that would get into the SBOM, and other places where the environment would find packages.
UNTOLD = ("SOURCE_DATE_EPOCH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Component:
    """One package: its version, and its licences as the package states them: SPDX ids, SPDX
    expressions or free text."""

    version: str
    licences: tuple[str, ...]


def make_sbom(bento: Path, envs: Path) -> str:
    """The SBOM of all that `bento` may run with; makes the environment if need be."""
    python = environment(bento, envs, widest_lock(bento))
    command = [sys.executable, "-m", "cyclonedx_py", "environment", str(python)]
    options = ["--output-reproducible", "--no-validate", "--of", "JSON", "--output-file", "-"]
    made = subprocess.run(
        [*command, *options],
        env={name: value for name, value in os.environ.items() if name not in UNTOLD},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if made.returncode != 0:
        raise HeldError(f"no SBOM of {bento.name}: cyclonedx-py says {made.stderr[-500:].strip()}")
    return made.stdout.rstrip("\n") + "\n"


def components(sbom: str, source: str) -> Mapping[str, Component]:
    """Canonical name → what the SBOM says; InputError if it is not CycloneDX."""
    try:
        document = json.loads(sbom)
        if document["bomFormat"] != "CycloneDX":
            raise KeyError("bomFormat")
        return {
            canonicalize_name(item["name"]): Component(item["version"], _licences(item))
            for item in document.get("components", ())
        }
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{source} is not CycloneDX JSON ({error!r})") from error


def locked(bento: Path, platform: Platform) -> Mapping[str, str]:
    """Canonical name → version of what the bento's locks install on `platform`."""
    place = {
        "sys_platform": platform.os,
        "platform_system": platform.os.capitalize(),
        "platform_machine": platform.arch,
        "python_full_version": platform.python,
        "python_version": ".".join(platform.python.split(".")[:2]),
    }
    versions: dict[str, str] = {}
    lock = bento / widest_lock(bento)
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line or line[0] in " #-":
            continue
        try:
            wanted = Requirement(line.rstrip("\\ "))
        except InvalidRequirement as error:
            raise InputError(f"{lock}: {line!r} is no requirement") from error
        if wanted.marker is None or wanted.marker.evaluate(place):
            versions[canonicalize_name(wanted.name)] = str(wanted.specifier).removeprefix("==")
    return versions


def widest_lock(bento: Path) -> str:
    """The lock inside a bento that has all that it may run with. Releases from before batch have
    that of the service alone."""
    return BATCH_LOCK if (bento / BATCH_LOCK).is_file() else LOCK


def _licences(item: Mapping[str, object]) -> tuple[str, ...]:
    """Declared licences; a classifier that only repeats an SPDX id gives way to it."""
    listed = item.get("licenses") or []
    assert isinstance(listed, list)
    exact = [entry.get("expression") or entry.get("license", {}).get("id") for entry in listed]
    if any(exact):
        return tuple(text for text in exact if text)
    return tuple(entry["license"]["name"] for entry in listed)
