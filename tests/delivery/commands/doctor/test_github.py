"""What `delivery doctor` finds on GitHub: each check shown failing, and mended by its cure."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from delivery.commands.doctor.check import Check
from delivery.commands.doctor.github import checks
from delivery.commands.doctor.local import doctor
from delivery.commands.github import apply
from delivery.governance.codeowners import FILE
from tests.github.governing import CI, JOBS, Governed

KEY = "DELIVERY_APP_KEY"


@dataclass(frozen=True)
class _Store:
    """A DVC remote, or none; the real one has its own tests."""

    remote: str | None = None

    def place(self) -> str:
        return self.remote or "GitHub Releases"


def found(world: Governed, remote: str | None = None) -> dict[str, Check]:
    context = world.context
    vars(context)["store"] = _Store(remote)
    return {check.name: check for check in checks(context)}


@pytest.fixture
def mended(world: Governed) -> Governed:
    apply(world.context, dry_run=False)
    return world


def test_a_repository_that_was_applied_is_well(mended: Governed) -> None:
    every = found(mended)
    assert [check.name for check in every.values() if not check.ok] == []
    assert len(every) == 11


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
    entry = {"reviewer": {"slug": "platform"}, "type": "Team"}
    mended.hub.environments["production"]["protection_rules"].append(
        {"type": "required_reviewers", "reviewers": [entry]}
    )
    check = found(mended)["github environments"]
    assert not check.ok
    assert "production: reviewers is ['platform'], expected []" in check.found
    apply(mended.context, dry_run=False)
    assert found(mended)["github environments"].ok


@pytest.mark.parametrize("jobs", [JOBS.replace("name: ci", "name: all"), None])
def test_a_required_check_that_no_job_reports(mended: Governed, jobs: str | None) -> None:
    if jobs is None:
        (mended.origin.path / CI).unlink()
    mended.push({CI: jobs} if jobs else {})
    check = found(mended)["required check"]
    assert not check.ok
    assert "main waits for the check ci" in check.found
    mended.push({CI: JOBS})
    assert found(mended)["required check"].ok


def test_owners_that_are_missing_or_unknown(mended: Governed) -> None:
    right = mended.origin.repository.read("HEAD", FILE) or ""
    for wrong, told in (("", "nobody owns /.github/"), (" @gone @ada", "Unknown owner")):
        mended.push({FILE: right.replace(" @acme/platform", wrong)})
        check = found(mended)["code owners"]
        assert not check.ok
        assert told in check.found
    mended.push({FILE: right})
    assert found(mended)["code owners"].ok


def test_an_owner_alone_cannot_approve_their_own_change(mended: Governed) -> None:
    text = mended.origin.repository.read("HEAD", FILE) or ""
    mended.push({FILE: text.replace("@acme/platform", "@ada")})
    check = found(mended)["reviews"]
    assert not check.ok
    assert "@ada alone owns /.github/" in check.found
    mended.push({FILE: text.replace("@acme/platform", "@ada @grace")})
    assert found(mended)["reviews"].ok


def test_a_writer_alone_would_wait_forever(mended: Governed) -> None:
    del mended.hub.people["grace"]
    check = found(mended)["reviews"]
    assert not check.ok
    assert "ada alone can write here" in check.found
    apply(mended.context, dry_run=False)
    check = found(mended)["reviews"]
    assert check.ok
    assert "off: ada alone" in check.found


def test_a_review_that_the_organisation_asks_for_counts(mended: Governed) -> None:
    del mended.hub.people["grace"]
    apply(mended.context, dry_run=False)
    rule = {"type": "pull_request", "parameters": {"required_approving_review_count": 2}}
    names = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    mended.hub.add_ruleset(
        {"name": "all", "enforcement": "active", "conditions": names, "rules": [rule]}
        | {"source_type": "Organization"}
    )
    assert not found(mended)["reviews"].ok


def test_an_app_needs_its_key_in_each_environment_and_nowhere_else(mended: Governed) -> None:
    assert "people merge rollbacks" in found(mended)["github app"].found
    mended.with_app()
    apply(mended.context, dry_run=False)
    for environment in ("store", "staging", "production"):
        check = found(mended)["github app"]
        assert not check.ok
        assert f"no key in the environment {environment}" in check.found
        mended.hub.secrets.add((environment, KEY))
    assert found(mended)["github app"].ok
    mended.hub.secrets.add(("", KEY))
    check = found(mended)["github app"]
    assert not check.ok
    assert "any branch can read it" in check.found


def test_a_store_that_no_job_can_write_to(mended: Governed) -> None:
    check = found(mended, "/srv/store")["store in jobs"]
    assert not check.ok
    assert "a folder that no runner" in check.found
    check = found(mended, "s3://bucket/store")["store in jobs"]
    assert not check.ok
    assert check.cure.startswith("`gh secret set DVC_CONFIG --env store")
    mended.hub.secrets.add(("store", "DVC_CONFIG"))
    assert found(mended, "s3://bucket/store")["store in jobs"].ok
    assert "GitHub Releases" in found(mended, None)["store in jobs"].found


def test_a_runner_that_is_offline(mended: Governed) -> None:
    assert "deployments rehearse" in found(mended)["runners"].found
    mended.hub.variables["DEPLOY_RUNNER"] = "box"
    runner = {"name": "box-1", "status": "offline", "labels": [{"name": "box"}]}
    mended.hub.runners.append(runner)
    check = found(mended)["runners"]
    assert not check.ok
    assert "Start `box-1`" in check.cure
    runner["status"] = "online"
    check = found(mended)["runners"]
    assert check.ok
    assert "rehearse" not in check.found


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


def test_github_is_looked_at_only_where_origin_is_there(
    mended: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.commands.doctor.local.require_in_step", lambda *_: None)

    def names() -> set[str]:
        context = mended.context
        vars(context)["store"] = _Store()
        return {check.name for check in doctor(context)}

    assert "github rulesets" in names()
    mended.origin.git("remote", "set-url", "origin", str(mended.origin.bare))
    assert "origin" in names()
    assert not any(name.startswith("github") for name in names())
