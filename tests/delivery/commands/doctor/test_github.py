"""What `delivery doctor` finds on GitHub: each check shown failing, and mended by its cure."""

from __future__ import annotations

import pytest

from delivery.commands.github.settings import apply
from tests.delivery.commands.doctor.checked import found
from tests.github.governing import CI, JOBS, Governed

KEY = "DELIVERY_APP_KEY"


def test_a_repository_that_was_applied_is_well(mended: Governed) -> None:
    every = found(mended)
    assert [check.name for check in every.values() if not check.ok] == []
    assert len(every) >= 18


@pytest.mark.parametrize("name", ["github labels", "github environments", "github rulesets"])
def test_what_is_missing_is_named_until_it_is_applied(world: Governed, name: str) -> None:
    check = found(world)[name]
    assert not check.ok
    assert "is missing" in check.found
    assert check.cure.startswith("`delivery github apply`")
    apply(world.context, dry_run=False)
    assert found(world)[name].ok


def test_actions_that_may_write_everything_or_open_nothing(mended: Governed) -> None:
    for key, wrong in (
        ("default_workflow_permissions", "write"),
        ("can_approve_pull_request_reviews", False),
    ):
        right = mended.hub.workflow_defaults[key]
        mended.hub.workflow_defaults[key] = wrong
        check = found(mended)["github settings"]
        assert not check.ok
        assert f"{key} is {wrong}, expected {right}" in check.found
        apply(mended.context, dry_run=False)
        assert found(mended)["github settings"].ok


def test_a_loosened_rule(mended: Governed) -> None:
    mended.ruleset("main")["required_status_checks"]["required_status_checks"] = []
    check = found(mended)["github rulesets"]
    assert not check.ok
    assert "main: rules.required_status_checks.required_status_checks is []" in check.found
    apply(mended.context, dry_run=False)
    assert found(mended)["github rulesets"].ok


def test_an_environment_that_waits_for_a_person(mended: Governed) -> None:
    mended.hub.subscribe("public")
    entry = {"reviewer": {"slug": "platform"}, "type": "Team"}
    mended.hub.environments["production"]["protection_rules"].append(
        {"type": "required_reviewers", "reviewers": [entry]}
    )
    check = found(mended)["github environments"]
    assert not check.ok
    assert "production: reviewers is ['platform'], expected []" in check.found
    apply(mended.context, dry_run=False)
    assert found(mended)["github environments"].ok


@pytest.mark.parametrize("jobs", [JOBS.replace("'ci'", "'all'"), None])
def test_a_required_check_that_no_job_reports(mended: Governed, jobs: str | None) -> None:
    if jobs is None:
        (mended.origin.path / CI).unlink()
    mended.push({CI: jobs} if jobs else {})
    check = found(mended)["required check"]
    assert not check.ok
    assert "main waits for the check ci" in check.found
    mended.push({CI: JOBS})
    assert found(mended)["required check"].ok


def test_what_the_plan_lacks_is_said_and_is_no_fault(mended: Governed) -> None:
    mended.hub.subscribe("free")
    every = found(mended)
    assert [check.name for check in every.values() if not check.ok] == []
    for name in ("github environments", "github rulesets"):
        assert every[name].found.startswith("left out: ")
    assert "main takes any push" in every["github plan"].found


def test_an_organisation_that_forbids_pull_requests_is_named(mended: Governed) -> None:
    mended.hub.workflow_defaults["can_approve_pull_request_reviews"] = False
    assert "the organisation forbids it" in found(mended)["github settings"].cure


def test_without_a_token_there_is_one_check_that_says_how_to_get_one(
    mended: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    (check,) = found(mended).values()
    assert not check.ok
    assert "gh auth token" in check.cure


def test_a_token_that_sees_less_is_not_told_that_all_is_well(
    mended: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    mended.token(monkeypatch, "grace")
    every = found(mended)
    assert every["github token"].ok
    assert not every["github settings"].ok
    assert "Administration" in every["github settings"].cure
    assert "hidden from this token: bypass_actors" in every["github rulesets"].found


def test_another_default_branch_is_named(mended: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    about = mended.hub.repository_json
    monkeypatch.setattr(
        mended.hub, "repository_json", lambda slug: about(slug) | {"default_branch": "trunk"}
    )
    (check,) = found(mended).values()
    assert not check.ok
    assert "is trunk, and delivery reads main" in check.found
