"""What the plan has, and what GitHub does by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.delivery.commands.doctor.checked import found
from tests.github.governing import CI, Governed


@pytest.mark.parametrize(
    ("plan", "text"),
    [("public", "public"), ("team", "private, on Pro, Team"), ("free", "no rulesets")],
)
def test_the_plan_is_named(mended: Governed, plan: Any, text: str) -> None:
    mended.hub.subscribe(plan)
    check = found(mended)["github plan"]
    assert check.ok
    assert text in check.found


def test_the_default_setup_of_codeql_refuses_ours(mended: Governed) -> None:
    assert "no page shows findings" in found(mended)["code scanning"].found
    mended.hub.subscribe("public")
    assert found(mended)["code scanning"].ok
    mended.hub.code_scanning = "configured"
    check = found(mended)["code scanning"]
    assert not check.ok
    assert "Switch to advanced" in check.cure


def test_a_public_repository_takes_reports_in_private(mended: Governed) -> None:
    assert found(mended)["private reports"].ok
    mended.hub.subscribe("public")
    assert "Enable" in found(mended)["private reports"].cure
    mended.hub.takes_reports = True
    assert found(mended)["private reports"].ok


def test_a_schedule_that_github_stopped_is_started_again(mended: Governed) -> None:
    mended.hub.workflow_states[CI] = "disabled_inactivity"
    check = found(mended)["workflows"]
    assert not check.ok
    assert check.cure == "`gh workflow enable ci.yml`"
    mended.hub.workflow_states.clear()
    assert found(mended)["workflows"].ok


def test_who_starts_the_checks_of_a_jobs_pull_requests(mended: Governed) -> None:
    assert "status ci" in found(mended)["checks of bots"].found
    mended.hub.variables["CI_STATUS"] = "false"
    assert "a person clicks" in found(mended)["checks of bots"].found
    mended.with_app()
    assert "the App opens" in found(mended)["checks of bots"].found
