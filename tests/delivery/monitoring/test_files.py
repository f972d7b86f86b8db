"""The files in infra/monitoring/ are those that the settings make, and Prometheus reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from delivery.documents import parse_yaml
from delivery.monitoring.files import groups, render
from delivery.settings.policy import parse_settings, read_settings
from tests.checkout import ROOT
from tests.delivery.monitoring.promtool import PROMTOOL, needs_promtool
from tests.test_docs import anchors

LABELS = "environments: {a: {target: {kind: local, port: 7101}}}\nmonitoring: {labels: {}}\n"
CANARY = LABELS.replace("}}}", "}, rollout: {canary: {shares: [5, 50], ceiling_s: 600}}}}")


def test_the_files_are_up_to_date() -> None:
    """Otherwise: delivery monitoring render."""
    made = render(read_settings(ROOT))
    there = {path: (ROOT / path).read_text(encoding="utf-8") for path in made}
    assert there == made


@needs_promtool
@pytest.mark.parametrize("settings", [LABELS, CANARY])
def test_prometheus_reads_them(settings: str, tmp_path: Path) -> None:
    for path, text in render(parse_settings(settings)).items():
        (tmp_path / Path(path).name).write_text(text)
    assert PROMTOOL is not None
    command = [PROMTOOL, "check", "config", "prometheus.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_its_section_in_the_runbook() -> None:
    alerts = [alert for group in groups(parse_settings(LABELS)) for alert in group.alerts()]
    assert len({alert.name for alert in alerts}) == len(alerts) == 19
    assert {alert.anchor for alert in alerts} <= anchors(ROOT / "docs" / "runbook.md")


def test_links_lead_to_the_repository_that_the_settings_name() -> None:
    settings = LABELS.replace("labels: {}", "repository: https://example.com/o/n")
    text = render(parse_settings(settings))["infra/monitoring/rules.yaml"]
    assert "runbook_url: https://example.com/o/n/blob/main/docs/runbook.md#instanceisdown" in text


def test_the_operator_of_prometheus_gets_the_same_rules() -> None:
    made = render(parse_settings(LABELS))
    rules = parse_yaml(made["infra/monitoring/rules.yaml"], "rules")
    held = parse_yaml(made["infra/monitoring/operator.yaml"], "operator")
    assert (held["kind"], held["spec"]) == ("PrometheusRule", rules)


@pytest.mark.parametrize(("settings", "lasts"), [(LABELS, "360m"), (CANARY, "20m")])
def test_two_releases_may_answer_for_as_long_as_a_rollout_may_take(
    settings: str, lasts: str
) -> None:
    rules = parse_yaml(render(parse_settings(settings))["infra/monitoring/rules.yaml"], "rules")
    alerts = {rule.get("alert"): rule for group in rules["groups"] for rule in group["rules"]}
    assert alerts["RolloutStandsStill"]["for"] == lasts
