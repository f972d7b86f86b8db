"""What `delivery monitoring render` writes into infra/monitoring/."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from delivery.monitoring.rules import model, service
from delivery.monitoring.rules.rule import Group
from delivery.settings.policy import Settings

FOLDER = "infra/monitoring"
HEADER = (
    "# Made of delivery.yaml by `delivery monitoring render`; docs/monitoring.md explains it.\n"
)
AT_ONCE = 6 * 3600.0  # s: how long two releases may answer where no rollout is set
JOB = "serving"


def render(settings: Settings) -> Mapping[str, str]:
    """Path below the checkout → text of each file."""
    rules = {"groups": [g.to_yaml(settings.monitoring.repository) for g in groups(settings)]}
    return {
        f"{FOLDER}/rules.yaml": HEADER + _yaml(rules),
        f"{FOLDER}/prometheus.yaml": HEADER + _yaml(_prometheus()),
    }


def groups(settings: Settings) -> tuple[Group, ...]:
    """All rules of these settings."""
    watched = settings.monitoring
    return (*service.groups(watched, _rollout_s(settings)), *model.groups(watched))


def _rollout_s(settings: Settings) -> float:
    """How long the longest rollout may take, each step of it undecided up to its ceiling."""
    canaries = [each.rollout.canary for each in settings.environments.values()]
    return max([len(c.shares) * c.ceiling_s for c in canaries if c], default=AT_ONCE)


def _prometheus() -> Mapping[str, Any]:
    """Scrapes the instances that `delivery monitoring targets` lists in targets.json."""
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "30s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {"job_name": JOB, "file_sd_configs": [{"files": ["targets.json"]}]},
        ],
    }


def _yaml(content: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(content, out)
    return out.getvalue()
