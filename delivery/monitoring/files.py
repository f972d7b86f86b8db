"""What `delivery monitoring render` writes into infra/monitoring/."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from delivery.monitoring.dashboards.pages import dashboards
from delivery.monitoring.rules import model, service
from delivery.monitoring.rules.rule import Group
from delivery.settings.policy import Settings

FOLDER = "infra/monitoring"
GRAFANA = f"{FOLDER}/grafana/dashboards"
PROVISIONING = f"{FOLDER}/grafana/provisioning"
HEADER = (
    "# Made of delivery.yaml by `delivery monitoring render`; docs/monitoring.md explains it.\n"
)
SCRAPE = "15s"
AT_ONCE = 6 * 3600.0  # s: how long two releases may answer where no rollout is set
JOB = "serving"
# What Grafana reads at its start from GF_PATHS_PROVISIONING. It fills in the variables.
SOURCE: Mapping[str, Any] = {
    "apiVersion": 1,
    "datasources": [
        {
            "name": "Prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": "$PROMETHEUS_URL",
            "isDefault": True,
            "jsonData": {"timeInterval": SCRAPE},
        }
    ],
}
PROVIDER: Mapping[str, Any] = {
    "apiVersion": 1,
    "providers": [
        {
            "name": "delivery",
            "type": "file",
            "folder": "Delivery",
            "allowUiUpdates": False,
            "options": {"path": "$DELIVERY_DASHBOARDS"},
        }
    ],
}


def render(settings: Settings) -> Mapping[str, str]:
    """Path below the checkout → text of each file."""
    rules = {"groups": [g.to_yaml(settings.monitoring.repository) for g in groups(settings)]}
    pages = {
        f"{GRAFANA}/{each.name}.json": json.dumps(each.to_json(), indent=1) + "\n"
        for each in dashboards(settings.monitoring)
    }
    return pages | {
        f"{PROVISIONING}/datasources/delivery.yaml": HEADER + _yaml(SOURCE),
        f"{PROVISIONING}/dashboards/delivery.yaml": HEADER + _yaml(PROVIDER),
        f"{FOLDER}/rules.yaml": HEADER + _yaml(rules),
        f"{FOLDER}/prometheus.yaml": HEADER + _yaml(_prometheus()),
        f"{FOLDER}/operator.yaml": HEADER + _yaml(_object(rules)),
    }


def _object(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rules as the operator of Prometheus reads them: once in a cluster."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "delivery"},
        "spec": rules,
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
        "global": {"scrape_interval": SCRAPE, "evaluation_interval": "30s"},
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
