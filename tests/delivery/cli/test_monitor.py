"""`delivery monitor` shows findings, where the page is, and whether a retrain is the answer."""

from __future__ import annotations

from pathlib import Path

from delivery.commands.monitor import MonitorRequest, MonitorResult
from delivery.monitoring.judges.finding import Finding
from delivery.monitoring.judges.trigger import Decision
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, PULL

FINDINGS = (Finding("scores", "alarm", "PSI 0.3", "≤ 0.2", "they moved"),)


def found(**changes: object) -> MonitorResult:
    fields = {"decision": Decision(True, "alarm: scores"), "pull": None, "outcome": ""} | changes
    return MonitorResult("production", ONE, FINDINGS, Path("here"), **fields)


def test_findings_and_the_page_are_shown(delivery: CommandLine) -> None:
    calls = delivery.returns("monitor.monitor", found())
    shown = delivery("monitor", "production").stdout
    for text in ("scores", "alarm", "PSI 0.3", "they moved", "here/monitor.html", "the answer"):
        assert text in shown
    assert calls == [(MonitorRequest("production"), {})]


def test_options_reach_the_command(delivery: CommandLine) -> None:
    calls = delivery.returns("monitor.monitor", found())
    delivery("monitor", "production", "--log", "log", "--until", "2024-10-04T00:00:00",
             "--from", "there", "--propose", "--dry-run")  # fmt: skip
    expected = MonitorRequest("production", "log", 1_728_000_000, Path("there"), True, True)
    assert calls == [(expected, {})]


def test_what_came_of_it_is_said(delivery: CommandLine) -> None:
    delivery.returns("monitor.monitor", found(pull=PULL))
    assert "pull request #7 open: A title" in delivery("monitor", "production").stdout
    delivery.returns("monitor.monitor", found(outcome="asked train.yml for a retrain"))
    assert "asked train.yml" in delivery("monitor", "production").stdout


def test_json_has_the_decision(delivery: CommandLine) -> None:
    delivery.returns("monitor.monitor", found(decision=Decision(False, "all is well")))
    content = delivery.json("monitor", "production")
    assert content["decision"] == {"propose": False, "why": "all is well"}
    assert content["findings"][0]["status"] == "alarm"
