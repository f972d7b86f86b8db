"""What github.com does otherwise than one would think, and what the workflow files do about it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.workflows.parsed import ROOT, WORKFLOWS, steps, workflow

NAMES = [path.name for path in sorted((ROOT / WORKFLOWS).glob("*.yml"))]
SHOWN = "!github.event.repository.private || vars.CODE_SCANNING == 'true'"


def job(name: str, key: str) -> dict[str, Any]:
    content: dict[str, Any] = workflow(name)["jobs"][key]
    return content


def test_a_dispatched_run_reports_as_a_status_what_its_check_does_not_count_for() -> None:
    status, last = job("ci.yml", "status"), job("ci.yml", "ci")
    assert "ci" in status["needs"]
    assert status["permissions"] == {"statuses": "write"}
    assert last["name"] == "${{ github.event_name == 'workflow_dispatch' && 'dispatched' || 'ci' }}"
    assert '\\"context\\": \\"ci\\"' in status["steps"][0]["run"]
    assert all("uses" not in step for step in status["steps"]), "no code of the branch runs there"


@pytest.mark.parametrize(
    "condition",
    [
        "github.event_name == 'workflow_dispatch'",
        "vars.CI_STATUS != 'false'",
        "inputs.override == ''",
        "inputs.reason == ''",
    ],
)
def test_a_run_that_was_given_an_override_reports_nothing(condition: str) -> None:
    assert condition in re.split(r"\s+&&\s+", job("ci.yml", "status")["if"].strip())


@pytest.mark.parametrize("name", NAMES)
def test_who_opens_pull_requests_may_start_their_check(name: str) -> None:
    for content in workflow(name)["jobs"].values():
        if content["permissions"].get("pull-requests") == "write" and name != "ci.yml":
            assert content["permissions"]["actions"] == "write"


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_is_checked_out_by_its_whole_name(name: str) -> None:
    """A tag of the same name, or the head of a pull request, is another thing."""
    for _, step in steps(workflow(name)):
        ref = step.get("with", {}).get("ref") if "checkout@" in step.get("uses", "") else None
        assert ref is None or ref.startswith("refs/heads/")


@pytest.mark.parametrize("name", NAMES)
def test_a_job_that_is_run_again_replaces_what_it_had_uploaded(name: str) -> None:
    for _, step in steps(workflow(name)):
        if "upload-artifact@" in step.get("uses", ""):
            assert step["with"]["overwrite"] is True
            assert step["with"]["retention-days"] <= 90


def test_what_needs_code_security_waits_for_it_and_the_scan_does_not() -> None:
    for key in ("codeql", "scorecard"):
        assert job("security.yml", key)["if"] == SHOWN
    scan = job("security.yml", "scan")
    assert "if" not in scan
    uploads = [step for step in scan["steps"] if "upload-sarif@" in step.get("uses", "")]
    assert [step["if"] for step in uploads] == [f"always() && ({SHOWN})"]


def test_no_schedule_trains_unless_somebody_asked_for_it() -> None:
    condition = job("train.yml", "train")["if"]
    assert "github.event_name == 'schedule' && vars.RETRAIN_SCHEDULE == 'true'" in condition
    assert job("train.yml", "propose")["needs"] == "train", "and is skipped with it"


def test_no_schedule_scores_unless_somebody_said_what() -> None:
    condition = job("batch.yml", "score")["if"]
    assert "vars.BATCH_INPUT != '' && vars.BATCH_OUTPUT != ''" in condition
    assert workflow("batch.yml")["concurrency"]["cancel-in-progress"] is False


def test_nothing_is_attested_where_nothing_was_released() -> None:
    assert "needs.release.outputs.release != ''" in job("release.yml", "attest")["if"]


def test_each_environment_may_have_a_runner_and_rollbacks_one_of_their_own() -> None:
    """One agent runs one job at a time; `runs-on` is read before the environment is entered."""
    own = "vars[format('DEPLOY_RUNNER_{0}', inputs.environment)] || vars.DEPLOY_RUNNER"
    for name, key, first in (("_deploy.yml", "deploy", ""),
                             ("rollback.yml", "rollback", "vars.ROLLBACK_RUNNER || ")):  # fmt: skip
        runner = job(name, key)["runs-on"]
        assert runner == f"${{{{ vars.DEPLOY_RUNNER && ({first}{own}) || 'ubuntu-24.04' }}}}"


def test_what_runs_the_code_of_branches_holds_no_right_to_write() -> None:
    """TRAIN_RUNNER keeps what a branch's code leaves there."""
    for name in NAMES:
        for content in workflow(name)["jobs"].values():
            if "TRAIN_RUNNER" in str(content.get("runs-on")):
                assert "write" not in content["permissions"].values()
                assert "environment" not in content
