"""The files that govern the repository: valid, complete, and as strict as they are meant to be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema

from delivery.commands import pr as pulls
from delivery.documents import parse_yaml
from delivery.git.refs import Grammar, LogName, proposal_tag
from delivery.governance.codeowners import FILE, SOURCE, codeowners, parse_owners, read_codeowners
from delivery.governance.desired import EACH
from delivery.promotion import proposal as promotion
from tests.checkout import ROOT
from tests.delivery.governance.files import SETTINGS, TEAM, contents

GITHUB = ROOT / ".github"
ACTIONS = 15368  # the App that GITHUB_TOKEN belongs to
GUARDED = {".github/", "delivery/", "serving/", "delivery.yaml", "infra/", "requirements/"}
FORMS = [file for file in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml"]


def load(file: Path) -> Any:
    return parse_yaml(file.read_text(encoding="utf-8"), file.name)


def ruleset(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GITHUB / "rulesets" / name).read_text(encoding="utf-8"))
    return found | {"rules": {rule["type"]: rule.get("parameters") for rule in found["rules"]}}


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.dependabot", [GITHUB / "dependabot.yml"]),
        ("vendor.github-issue-forms", FORMS),
        ("vendor.github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
    ],
)
def test_files_fit_githubs_schemas(schema: str, files: list[Path]) -> None:
    assert files
    for file in files:
        jsonschema.validate(load(file), get_builtin_schema(schema))


def test_code_owners_guard_what_judges_and_deploys() -> None:
    patterns = read_codeowners((ROOT / FILE).read_text(encoding="utf-8"))
    assert {f"/{path}" for path in GUARDED} <= set(patterns)
    for pattern in patterns:
        assert (ROOT / pattern.strip("/")).exists(), f"{pattern} guards nothing"


def test_code_owners_are_made_from_the_file_of_owners() -> None:
    made = codeowners(parse_owners((ROOT / SOURCE).read_text(encoding="utf-8")))
    assert (ROOT / FILE).read_text(encoding="utf-8") == made, "`delivery github own`"


def test_main_is_reached_by_reviewed_pull_requests_alone() -> None:
    main = ruleset("main.json")
    assert main["enforcement"] == "active"
    assert main["target"] == "branch"
    assert main["conditions"] == {"ref_name": {"include": ["refs/heads/main"], "exclude": []}}
    assert {"deletion", "non_fast_forward"} <= set(main["rules"])
    review = main["rules"]["pull_request"]
    assert review["required_approving_review_count"] >= 1
    assert review["require_code_owner_review"]
    assert review["dismiss_stale_reviews_on_push"]
    assert review["require_last_push_approval"]


def test_main_waits_for_one_check_of_actions_on_an_up_to_date_branch() -> None:
    checks = ruleset("main.json")["rules"]["required_status_checks"]
    assert checks["required_status_checks"] == [{"context": "ci", "integration_id": ACTIONS}]
    assert checks["strict_required_status_checks_policy"]
    assert not checks["do_not_enforce_on_create"]


def test_nobody_passes_by_the_rules_but_the_app() -> None:
    modes = {
        "main.json": ["pull_request"],
        "events-fixed.json": [],
        "events-made.json": ["always"],
        "promo-fixed.json": [],
        "promo-made.json": ["always"],
    }
    assert {file.name for file in (GITHUB / "rulesets").iterdir()} == set(modes)
    for name, expected in modes.items():
        actors = ruleset(name)["bypass_actors"]
        assert [actor["bypass_mode"] for actor in actors] == expected
        assert all(actor["actor_id"] == "DELIVERY_APP_ID" for actor in actors)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("promo-fixed.json", {"deletion", "update", "non_fast_forward"}),
        ("promo-made.json", {"creation"}),
    ],
)
def test_proposals_are_guarded_tags(name: str, rules: set[str]) -> None:
    found = ruleset(name)
    assert found["enforcement"] == "active"
    assert found["target"] == "tag"
    assert set(found["rules"]) == rules
    # To GitHub `promo/**` is `promo/*`: only `**/` crosses slashes, and a proposal has two.
    assert proposal_tag("staging", "", "").partition("/")[0] == "promo"
    pattern = "refs/tags/promo/**/*"
    assert found["conditions"] == {"ref_name": {"include": [pattern], "exclude": []}}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("events-fixed.json", {"deletion", "non_fast_forward"}),
        ("events-made.json", {"creation", "update"}),
    ],
)
def test_events_are_guarded_branches(name: str, rules: set[str]) -> None:
    guard = ruleset(name)
    assert (guard["enforcement"], guard["target"]) == ("active", "branch")
    assert set(guard["rules"]) == rules
    log = LogName("staging", rehearsed=True).ref(Grammar.LOG)
    assert log.startswith("refs/heads/delivery/")
    pattern = "refs/heads/delivery/**/*"
    assert guard["conditions"] == {"ref_name": {"include": [pattern], "exclude": []}}


def test_environments_belong_to_main_alone() -> None:
    rules = load(GITHUB / "environments.yml")
    assert EACH in rules
    assert {tuple(rule["branches"]) for rule in rules.values()} == {("main",)}


def test_labels_cover_what_the_code_uses() -> None:
    used = {pulls.CANDIDATE, promotion.PROMOTION, promotion.ROLLBACK, "retrain"}
    for environment in SETTINGS.environments:
        for kind in (promotion.PROMOTION, promotion.ROLLBACK, "environment"):
            used.add(f"{kind}:{environment}")
    for form in FORMS:
        used |= set(load(form)["labels"])
    assert used <= {name for kind, name in contents(TEAM) if kind == "label"}


def test_dependabot_waits_and_leaves_the_locks_to_make_lock() -> None:
    updates = load(GITHUB / "dependabot.yml")["updates"]
    ecosystems = {update["package-ecosystem"] for update in updates}
    npm = {"npm"} if (ROOT / "tests" / "github" / "package.json").exists() else set()
    assert ecosystems == {"github-actions"} | npm
    for update in updates:
        assert update["cooldown"]["default-days"] >= 7
        assert update["groups"]


def test_the_text_for_pull_requests_names_commands_that_exist() -> None:
    text = (GITHUB / "pull_request_template.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", text)) <= targets


def workflows() -> dict[str, str]:
    return {file.name: file.read_text() for file in (GITHUB / "workflows").glob("*.yml")}


def test_the_docs_say_what_each_secret_and_variable_is_for() -> None:
    docs = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
    told = {
        name
        for row in re.findall(r"^\| (`[^|]*) \|", docs, re.MULTILINE)
        for name in re.findall(r"`([A-Z_]+)`", row)
    }
    used = {
        name
        for text in workflows().values()
        for name in re.findall(r"\b(?:secrets|vars)\.([A-Z_]+)", text)
    }
    assert {"DELIVERY_APP_ID", "TRAIN_RUNNER", "DEPLOY_RUNNER"} <= used
    assert used - told == set()


def test_no_job_uses_an_environment_that_nobody_guards() -> None:
    """GitHub makes an environment that it does not know, open to every branch."""
    used: set[str] = set()
    for name, text in workflows().items():
        for job in parse_yaml(text, name)["jobs"].values():
            used.add(str(job.get("environment", "")))
    literal = {name for name in used if name and "${{" not in name}
    guarded = {*load(GITHUB / "environments.yml"), *SETTINGS.environments}
    assert literal <= guarded


def test_main_waits_for_a_check_that_is_reported() -> None:
    jobs = parse_yaml(workflows()["ci.yml"], "ci.yml")["jobs"]
    (check,) = ruleset("main.json")["rules"]["required_status_checks"]["required_status_checks"]
    names = [str(job.get("name", key)) for key, job in jobs.items()]
    assert any(name == check["context"] or f"|| '{check['context']}' " in name for name in names)
