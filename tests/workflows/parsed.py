"""The workflow files, parsed: what act ignores is asserted from here, triggers among it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ".github/workflows"
USES = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<sha>[0-9a-f]{40}) # (?P<version>v[\d.]+)")


def files() -> list[Path]:
    """Every workflow and composite action."""
    return [*sorted((ROOT / WORKFLOWS).glob("*.yml")), *(ROOT / ".github/actions").rglob("*.yml")]


def workflow(name: str, root: Path = ROOT) -> dict[str, Any]:
    """The parsed workflow `name`. YAML 1.2, so `on` stays a string."""
    text = (root / WORKFLOWS / name).read_text(encoding="utf-8")
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def pinned_actions() -> list[tuple[str, str]]:
    """(action, SHA) of everything that is used from elsewhere."""
    found = {
        (match["action"], match["sha"])
        for file in files()
        for match in USES.finditer(file.read_text(encoding="utf-8"))
    }
    return sorted(found)


def steps(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(job id, step) of a workflow."""
    for name, job in content["jobs"].items():
        for step in job.get("steps", ()):
            yield name, step


def starts(content: Mapping[str, Any], event: str, payload: Mapping[str, Any]) -> bool:
    """Does GitHub start the workflow for this event? Its branch, path and type filters, of which
    act knows nothing; only the forms that these workflows use."""
    on = content["on"]
    if event not in on:
        return False
    wanted = on[event] or {}
    if event == "push":
        branch = payload["ref"].removeprefix("refs/heads/")
        paths = {
            path
            for commit in payload["commits"]
            for kind in ("added", "modified", "removed")
            for path in commit[kind]
        }
        fits_path = any(
            fnmatchcase(path, pattern.replace("**", "*"))
            for path in paths
            for pattern in wanted.get("paths", ["*"])
        )
        return branch in wanted.get("branches", [branch]) and fits_path
    if event == "pull_request":
        types = wanted.get("types", ["opened", "synchronize", "reopened"])
        return payload["action"] in types
    return True
