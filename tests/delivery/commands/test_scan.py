"""`delivery scan`: all scanners together, what is written, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from delivery.cli import options
from delivery.cli.main import cli
from delivery.errors import HeldError, InputError, RefusedError
from delivery.scanners import code, dependencies, infra, secrets, workflows
from delivery.scanners.dependencies import Audit
from delivery.scanners.finding import Finding, Scan, Status
from tests.origin import Origin

SCANNERS = (code, secrets, workflows, infra)
NONE = type(None)
FOUND = (Finding("B602", "model/fit.py", 5, "shell"),)


@pytest.fixture(autouse=True)
def here(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every scanner passes; each has its own tests."""
    monkeypatch.chdir(origin.path)
    monkeypatch.setattr(options, "require_own_checkout", lambda _: None)  # it holds no code
    for scanner in SCANNERS:
        name = scanner.__name__.rpartition(".")[2]
        monkeypatch.setattr(scanner, "scan", lambda *_, name=name: Scan(name, "pass"))
    monkeypatch.setattr(dependencies, "scan", lambda *_, **__: Scan("dependencies", "pass"))
    return origin.path


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("pass", NONE),
        ("fail", RefusedError),
        ("hold", HeldError),
        ("not checked", NONE),
    ],
)
def test_what_one_scanner_says_decides_how_it_ends(
    here: Path, monkeypatch: pytest.MonkeyPatch, status: Status, ends: type
) -> None:
    found = Scan("dependencies", status, FOUND if status == "fail" else (), "why")
    monkeypatch.setattr(dependencies, "scan", lambda *_, **__: found)
    done = CliRunner().invoke(cli, ["scan", "--json", "--sarif", "out/scan.sarif"])
    assert isinstance(done.exception, ends)
    said = json.loads(done.stdout)
    assert {scan["scanner"]: scan["status"] for scan in said} == {
        "code": "pass", "secrets": "pass", "dependencies": status, "workflows": "pass",
        "infra": "pass",
    }  # fmt: skip
    runs = json.loads((here / "out/scan.sarif").read_text())["runs"]
    assert sum(len(run["results"]) for run in runs) == (status == "fail")


def test_a_scanner_that_cannot_run_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Scan:
        raise InputError("bandit is not in the environment")

    monkeypatch.setattr(code, "scan", broken)
    assert isinstance(CliRunner().invoke(cli, ["scan"]).exception, InputError)


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1/v1/query"])
def test_the_source_of_advisories_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked: list[Audit] = []

    def scan(_: Path, audit: Audit, *__: object) -> Scan:
        asked.append(audit)
        return Scan("dependencies", "pass")

    monkeypatch.setattr(dependencies, "scan", scan)
    monkeypatch.setenv("ADVISORIES_URL", address)
    assert CliRunner().invoke(cli, ["scan"]).exit_code == 0
    assert [(audit.advisories, audit.in_job) for audit in asked] == [(address, False)]
