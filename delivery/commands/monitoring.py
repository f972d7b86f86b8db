"""`delivery monitoring`: the files that Prometheus and Grafana read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from delivery.context import Context
from delivery.files import write_whole
from delivery.monitoring.files import render as render_files
from delivery.settings.policy import read_settings

TARGETS = "targets.json"


@dataclass(frozen=True, slots=True)
class RenderResult:
    """The files that were not as the settings say, and are now; of a dry run, would be."""

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetsResult:
    """Where the instances that run on this machine answer, and the file that says so."""

    file: Path
    addresses: tuple[str, ...]


def render(context: Context, *, dry_run: bool) -> RenderResult:
    """Write infra/monitoring/ anew from delivery.yaml of the work tree, to be committed."""
    changed = []
    for path, text in render_files(read_settings(context.root)).items():
        file = context.root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            changed.append(path)
            if not dry_run:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, text)
    return RenderResult(tuple(changed))


def targets(context: Context, file: Path) -> TargetsResult:
    """Write what runs on this machine as Prometheus's file_sd wants it. Prometheus reads the file
    again whenever it changes."""
    addresses = []
    settings = read_settings(context.root)
    for name in settings.environments:
        instances = context.target(settings.environment(name)).runtime.instances()
        for _, instance in sorted(instances.items()):
            if instance.url:
                addresses.append((urlsplit(instance.url).netloc, name))
    targets = [{"targets": [each], "labels": {"environment": name}} for each, name in addresses]
    write_whole(file, json.dumps(targets, indent=1) + "\n")
    return TargetsResult(file, tuple(address for address, _ in addresses))
