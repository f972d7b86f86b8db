"""The template's policy, fitted to repositories of different kinds."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.governance.desired import Facts, notes, wanted
from delivery.governance.files import ENVIRONMENTS, parse_policy
from delivery.settings.policy import parse_settings
from tests.checkout import POLICY
from tests.delivery.governance.files import ALONE, SETTINGS, TEAM, WITH_APP, contents, policy, texts

# As repositories had it before there was a rule for each.
RULES_BY_NAME = """
staging: { branches: [main] }
production: { branches: [main] }
store: { branches: [main] }
"""
MAIN = ("ruleset", "main")
FIXED = (("ruleset", "promo tags never change"), ("ruleset", "event logs never lose an event"))
MADE = (
    ("ruleset", "promo tags are made by delivery"),
    ("ruleset", "event logs are written by delivery"),
)


def test_two_writers_review_each_other() -> None:
    rule = contents(TEAM)[MAIN]["rules"]["pull_request"]
    assert rule["required_approving_review_count"] == 1
    assert rule["require_code_owner_review"]
    assert not any("reviews are off" in note for note in notes(TEAM))


@pytest.mark.parametrize("writers", [(), ("ada",)])
def test_a_writer_alone_is_not_locked_out(writers: tuple[str, ...]) -> None:
    facts = Facts(None, writers)
    rules = contents(facts)[MAIN]["rules"]
    assert rules["pull_request"]["required_approving_review_count"] == 0
    assert not rules["pull_request"]["require_code_owner_review"]
    assert not rules["pull_request"]["require_last_push_approval"]
    assert (
        rules["required_status_checks"] == contents(TEAM)[MAIN]["rules"]["required_status_checks"]
    )
    (told,) = [note for note in notes(facts) if "reviews are off" in note]
    assert "second person" in told
    assert "delivery github apply" in told


def test_without_an_app_nobody_passes_by_and_the_loop_still_writes() -> None:
    made = contents(TEAM)
    assert made[MAIN]["bypass_actors"] == []
    for ruleset in MADE:
        assert made[ruleset]["bypass_actors"] == []
        assert made[ruleset]["enforcement"] == "disabled"
    assert any("DELIVERY_APP_ID" in note for note in notes(TEAM))


def test_an_app_merges_pull_requests_and_writes_but_changes_nothing() -> None:
    made = contents(WITH_APP)
    app = {"actor_type": "Integration", "actor_id": 4711}
    assert made[MAIN]["bypass_actors"] == [app | {"bypass_mode": "pull_request"}]
    for ruleset in MADE:
        assert made[ruleset]["bypass_actors"] == [app | {"bypass_mode": "always"}]
        assert made[ruleset]["enforcement"] == "active"
    assert all(made[ruleset]["bypass_actors"] == [] for ruleset in FIXED)
    assert notes(WITH_APP) == ()


@pytest.mark.parametrize("facts", [TEAM, ALONE, WITH_APP])
def test_what_was_written_never_changes_whoever_asks(facts: Facts) -> None:
    for ruleset in FIXED:
        fixed = contents(facts)[ruleset]
        assert fixed["enforcement"] == "active"
        assert fixed["bypass_actors"] == []


def test_each_environment_has_its_labels() -> None:
    text = POLICY.read_text(encoding="utf-8")
    settings = parse_settings(text.replace("staging:", "canary:"))
    items = wanted(policy(), settings, TEAM)
    labels = {item.name: item.content["description"] for item in items if item.kind == "label"}
    assert labels["promotion:canary"] == "Brings a release into canary"
    assert "promotion:staging" not in labels


def test_an_environment_of_delivery_yaml_that_nobody_guards_is_refused() -> None:
    text = POLICY.read_text(encoding="utf-8").replace("staging:", "canary:")
    files = texts() | {ENVIRONMENTS: RULES_BY_NAME}
    with pytest.raises(InputError, match=r"has no canary.*\{environment\}.*branches: \[main\]"):
        wanted(parse_policy(files), parse_settings(text), TEAM)


def test_each_environment_of_delivery_yaml_is_guarded_by_one_rule() -> None:
    assert contents(TEAM)[("environment", "staging")]["branches"] == ["main"]
    assert contents(TEAM)[("environment", "production")]["branches"] == ["main"]
    assert ("environment", "{environment}") not in contents(TEAM)


def test_a_rule_by_name_still_counts() -> None:
    by_name = RULES_BY_NAME.replace(
        "production: { branches: [main] }", "production: { branches: [release] }"
    )
    rules = texts()[ENVIRONMENTS] + "production: { branches: [release] }\n"
    for text in (by_name, rules):
        items = wanted(parse_policy(texts() | {ENVIRONMENTS: text}), SETTINGS, TEAM)
        made = {item.name: item.content["branches"] for item in items if item.kind == "environment"}
        assert made == {"staging": ["main"], "production": ["release"], "store": ["main"]}


def test_what_closes_main_comes_last() -> None:
    kinds = [item.kind for item in wanted(policy(), SETTINGS, TEAM)]
    assert kinds == sorted(kinds, key=["label", "setting", "environment", "ruleset"].index)
