"""`delivery github apply` against a GitHub that keeps rules and rights."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from delivery.cli import options
from delivery.cli.main import cli
from delivery.commands.github.settings import apply, own
from delivery.context import Context
from delivery.errors import DeliveryError, ForgeError, InputError
from delivery.governance.codeowners import FILE, SOURCE, read_codeowners
from delivery.governance.plan import Change
from tests.github.governed import GovernedHub
from tests.github.governing import Governed

FIXED = "promo tags never change"
MADE = "promo tags are made by delivery"
LOGS = ("event logs never lose an event", "event logs are written by delivery")


def state(hub: GovernedHub) -> dict[str, Any]:
    """What `apply` may change, without the ids that GitHub gives."""
    held = {
        "rulesets": {r["name"]: r for r in hub.rulesets.values()},
        "environments": hub.environments,
        "policies": hub.branch_policies,
        "labels": hub.labels,
        "settings": hub.settings,
        "workflows": hub.workflow_defaults,
    }
    return json.loads(json.dumps(held), object_hook=_without_id)  # type: ignore[no-any-return]


def _without_id(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("id", "url")}


def written(hub: GovernedHub) -> list[str]:
    """What was asked of REST that could change something; git fetches by POST."""
    return [path for method, path in hub.requests if method != "GET" and "git-upload" not in path]


def different(world: Governed) -> dict[str, tuple[Change, ...]]:
    """name → changes of what a dry run names."""
    rows = apply(world.context, dry_run=True).different
    return {row.item.name: row.changes for row in rows}


def test_a_dry_run_names_everything_and_changes_nothing(world: Governed) -> None:
    before = state(world.hub)
    result = apply(world.context, dry_run=True)
    assert state(world.hub) == before
    assert written(world.hub) == []
    assert {row.item.kind for row in result.different} >= {"label", "environment", "ruleset"}
    assert not world.said


def test_a_second_run_finds_nothing_to_do(world: Governed) -> None:
    done = apply(world.context, dry_run=False).different
    assert len(world.said) == len(done) > 10
    assert different(world) == {}
    after = state(world.hub)
    assert apply(world.context, dry_run=False).different == ()
    assert state(world.hub) == after


def test_what_was_applied_holds(world: Governed) -> None:
    """GitHub refuses what the files forbid, and lets the loop make its tags."""
    apply(world.context, dry_run=False)
    hub, ada = world.hub, world.hub.person("ada", "admin")
    sha, tag = world.origin.git("rev-parse", "HEAD"), "refs/tags/promo/staging/abc/verified"
    hub.ask(hub.person("grace"), "POST", "/git/refs", {"ref": tag, "sha": sha})
    for path in ("/git/refs/tags/promo/staging/abc/verified", "/git/refs/heads/main"):
        with pytest.raises(AssertionError, match="rule violations"):
            hub.ask(ada, "DELETE", path)
    commit = world.origin.git("commit-tree", f"{sha}^{{tree}}", "-p", sha, "-m", "x")
    world.origin.git("push", "--quiet", str(world.origin.bare), f"{commit}:refs/heads/change")
    number = hub.open_pull(hub.person("grace"), "change", "Change")
    with pytest.raises(AssertionError, match=r'(?s)approving review.*"ci" is expected'):
        hub.merge_pull(ada, number)


def test_with_an_app_nobody_else_makes_promotion_tags(world: Governed) -> None:
    world.with_app()
    apply(world.context, dry_run=False)
    hub, sha = world.hub, world.origin.git("rev-parse", "HEAD")
    body = {"ref": "refs/tags/promo/staging/abc/verified", "sha": sha}
    with pytest.raises(AssertionError, match="creations being restricted"):
        hub.ask(hub.person("ada", "admin"), "POST", "/git/refs", body)
    actors = next(r for r in hub.rulesets.values() if r["name"] == "main")["bypass_actors"]
    assert [(a["actor_id"], a["bypass_mode"]) for a in actors] == [(hub.app_id, "pull_request")]
    assert different(world) == {}


def test_without_its_app_the_loop_makes_its_tags_again(world: Governed) -> None:
    world.with_app()
    apply(world.context, dry_run=False)
    world.hub.variables.clear()
    assert Change("enforcement", "active", "disabled") in different(world)[MADE]


def test_a_loosened_rule_is_named_and_mended(world: Governed) -> None:
    apply(world.context, dry_run=False)
    strict = state(world.hub)
    world.ruleset("main")["pull_request"]["required_approving_review_count"] = 0
    path = "rules.pull_request.required_approving_review_count"
    assert different(world) == {"main": (Change(path, 0, 1),)}
    apply(world.context, dry_run=False)
    assert state(world.hub) == strict


def test_who_was_let_past_a_ruleset_is_named_and_taken_out(world: Governed) -> None:
    apply(world.context, dry_run=False)
    actor = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
    for found in world.hub.rulesets.values():
        found["bypass_actors"] = [actor]
    assert {name: changes[0].before for name, changes in different(world).items()} == {
        name: [actor] for name in ("main", FIXED, MADE, *LOGS)
    }
    apply(world.context, dry_run=False)
    assert not any(found["bypass_actors"] for found in world.hub.rulesets.values())


def test_an_environment_belongs_to_main_alone_again(world: Governed) -> None:
    apply(world.context, dry_run=False)
    strict, hub = state(world.hub), world.hub
    hub.branch_policies["staging"].append({"id": 1, "name": "v*", "type": "tag"})
    hub.environments["production"]["deployment_branch_policy"] = None
    hub.environments["store"]["protection_rules"] += [
        {"type": "required_reviewers", "reviewers": [{"reviewer": {"login": "ada"}}]},
        {"type": "wait_timer", "wait_timer": 30},
    ]
    assert different(world) == {
        "staging": (Change("branches", ["main", "tag v*"], ["main"]),),
        "production": (Change("branches", ["every branch"], ["main"]),),
        "store": (Change("reviewers", ["ada"], []), Change("wait_timer", 30, 0)),
    }
    apply(world.context, dry_run=False)
    assert state(hub) == strict


def test_what_is_not_in_the_files_is_left_alone(world: Governed) -> None:
    hub = world.hub
    ours = hub.add_ruleset({"name": "ours", "target": "tag", "enforcement": "active"})
    # An organisation's has the same name as one of ours, and is not ours.
    theirs = hub.add_ruleset(
        {"name": "main", "target": "branch", "enforcement": "disabled"}
        | {"source_type": "Organization"}
    )
    hub.environments["preview"] = {"id": 1, "deployment_branch_policy": None}
    hub.labels["mine"] = {"name": "mine", "color": "000000", "description": None}
    hub.settings["allow_squash_merge"] = False
    kept = copy.deepcopy((ours, theirs, hub.environments["preview"], hub.labels["mine"]))
    hub.rulesets.pop(theirs["id"])
    apply(world.context, dry_run=False)
    hub.rulesets[theirs["id"]] = theirs
    assert apply(world.context, dry_run=False).different == ()
    assert (ours, theirs, hub.environments["preview"], hub.labels["mine"]) == kept
    assert hub.settings["allow_squash_merge"] is False


def test_a_label_that_is_there_gets_its_colour(world: Governed) -> None:
    world.hub.labels["rollback"] = {"name": "rollback", "color": "000000", "description": None}
    assert Change("color", "000000", "d73a4a") in different(world)["rollback"]
    apply(world.context, dry_run=False)
    assert world.hub.labels["rollback"]["color"] == "d73a4a"


class Killed(BaseException):
    """The process was killed here."""


def test_killed_anywhere_and_run_again_it_ends_the_same(world: Governed) -> None:
    apply(world.context, dry_run=False)
    whole, count = state(world.hub), len(world.said)
    for done in (1, count - 5, count - 2):  # among labels, environments and rulesets
        world.hub.rulesets.clear()
        world.hub.environments.clear()
        world.hub.branch_policies.clear()
        world.hub.labels.clear()
        world.hub.settings["delete_branch_on_merge"] = False
        world.hub.workflow_defaults["can_approve_pull_request_reviews"] = False
        left = iter([None] * (done - 1))

        def tell(_: str, left: Any = left) -> None:
            if next(left, Killed) is Killed:
                raise Killed

        with pytest.raises(Killed):
            apply(Context(world.origin.path, tell), dry_run=False)
        assert len(apply(world.context, dry_run=False).different) == count - done
        assert state(world.hub) == whole


def test_an_environment_half_made_is_closed_and_then_opened(world: Governed) -> None:
    world.hub.fail_next("POST", "staging/deployment-branch-policies", 422)
    with pytest.raises(ForgeError):
        apply(world.context, dry_run=False)
    closed = {"protected_branches": False, "custom_branch_policies": True}
    assert world.hub.environments["staging"]["deployment_branch_policy"] == closed
    assert world.hub.branch_policies.get("staging", []) == []
    apply(world.context, dry_run=False)
    assert [found["name"] for found in world.hub.branch_policies["staging"]] == ["main"]


def test_a_writer_alone_gets_no_reviews_until_there_is_a_second(world: Governed) -> None:
    del world.hub.people["grace"]
    result = apply(world.context, dry_run=False)
    assert any("reviews are off: ada alone" in note for note in result.notes)
    asked = "required_approving_review_count"
    assert world.ruleset("main")["pull_request"][asked] == 0
    world.hub.people["grace"] = "write"
    result = apply(world.context, dry_run=False)
    assert not any("reviews are off" in note for note in result.notes)
    assert [row.item.name for row in result.different] == ["main"]
    assert world.ruleset("main")["pull_request"][asked] == 1


def test_an_app_that_is_not_installed_is_named(world: Governed) -> None:
    world.hub.variables["DELIVERY_APP_ID"] = "12"
    with pytest.raises(DeliveryError, match=r"not installed here.*Install it"):
        apply(world.context, dry_run=False)


def test_an_app_id_that_is_none_is_refused(world: Governed) -> None:
    world.hub.variables["DELIVERY_APP_ID"] = "my-app"
    with pytest.raises(InputError, match=r"'my-app', expected the number"):
        apply(world.context, dry_run=True)


def test_somebody_who_may_not_is_told_what_it_takes(
    world: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.token(monkeypatch, "grace")
    with pytest.raises(InputError, match=r"403.*admin rights.*Administration and Issues: write"):
        apply(world.context, dry_run=False)
    job = world.hub.token(world.hub.bot, {"contents": "write", "issues": "write"})
    monkeypatch.setenv("GITHUB_TOKEN", job)
    with pytest.raises(InputError, match="Administration"):
        apply(world.context, dry_run=False)
    assert written(world.hub) == []


def test_somebody_who_does_not_administer_is_told_at_once(
    world: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, rights = world.hub.repository_json, {"permissions": {"push": True, "admin": False}}
    monkeypatch.setattr(world.hub, "repository_json", lambda slug: about(slug) | rights)
    with pytest.raises(InputError, match="does not administer acme/model"):
        apply(world.context, dry_run=True)
    assert len(world.hub.requests) == 1


def test_a_private_repository_on_free_gets_what_there_is(world: Governed) -> None:
    """No job could open a pull request without what is applied here."""
    world.hub.subscribe("free")
    result = apply(world.context, dry_run=False)
    assert {row.item.kind for row in result.rows if row.state == "left out"} == {
        "environment", "ruleset",
    }  # fmt: skip
    assert "promotion:staging" in world.hub.labels
    assert world.hub.workflow_defaults["can_approve_pull_request_reviews"]
    left_out = [note for note in result.notes if note.startswith("left out: ")]
    assert "no rulesets: main takes any push" in "".join(left_out)
    assert len(left_out) == 2
    assert apply(world.context, dry_run=False).different == ()


def test_a_private_repository_that_pays_is_as_strict_as_a_public_one(world: Governed) -> None:
    """Pro and Team refuse what an environment could wait for, 0 and [] too."""
    world.hub.subscribe("team")
    apply(world.context, dry_run=False)
    assert different(world) == {}
    assert [found["name"] for found in world.hub.branch_policies["production"]] == ["main"]
    assert world.ruleset("main")["required_status_checks"]


def test_an_organisation_that_forbids_pull_requests_by_actions_is_named(world: Governed) -> None:
    world.hub.forbids_pulls = True
    world.hub.workflow_defaults["default_workflow_permissions"] = "write"
    result = apply(world.context, dry_run=False)
    assert any("the organisation forbids Actions" in note for note in result.notes)
    assert world.hub.workflow_defaults["default_workflow_permissions"] == "read"
    assert world.ruleset("main")["required_status_checks"]


def test_what_fails_leaves_nothing_else_undone(world: Governed) -> None:
    world.hub.fail_next("PUT", "/environments/production", 422)
    with pytest.raises(ForgeError, match="environments/production"):
        apply(world.context, dry_run=False)
    assert any("environment production: " in line for line in world.said)
    assert world.ruleset("main")["required_status_checks"]
    assert set(different(world)) == {"production"}


def test_a_token_that_is_wrong_or_missing_is_named(
    world: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_old")
    with pytest.raises(InputError, match=r"401.*a token of somebody who administers") as caught:
        apply(world.context, dry_run=True)
    assert "ghp_old" not in str(caught.value)
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(InputError, match="no token for acme/model"):
        apply(world.context, dry_run=True)


def test_the_command_line_shows_what_differs(
    world: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.origin.path)
    monkeypatch.setattr(options, "require_own_checkout", lambda _: None)  # it holds no code
    run = CliRunner().invoke

    first = run(cli, ["github", "apply", "--dry-run", "--json"], catch_exceptions=False)
    rows = json.loads(first.stdout)["rows"]
    assert {"what": "ruleset", "name": "main", "state": "create"}.items() <= rows[-3].items()
    apply(world.context, dry_run=False)
    assert "nothing to do" in run(cli, ["github", "apply"], catch_exceptions=False).stdout
    world.ruleset(FIXED)["deletion"] = {}
    next(r for r in world.hub.rulesets.values() if r["name"] == FIXED)["enforcement"] = "disabled"
    shown = run(cli, ["github", "apply"], catch_exceptions=False).stdout
    assert 'enforcement: "disabled" → "active"' in shown
    assert "note: no GitHub App" in shown
    assert "acme/model: 1 done" in shown


def made(world: Governed) -> Mapping[str, tuple[str, ...]]:
    return read_codeowners((world.origin.path / FILE).read_text(encoding="utf-8"))


def test_owners_are_named_once_and_code_owners_are_made(world: Governed) -> None:
    source = world.origin.path / SOURCE
    source.write_text("# who\nowners: []\npaths: { /model/: ['@ada'] }\n", encoding="utf-8")
    assert own(world.context, ("@acme/ml", "@grace")).changed
    assert source.read_text(encoding="utf-8").startswith('# who\nowners: ["@acme/ml", "@grace"]\n')
    assert made(world)["/delivery/"] == ("@acme/ml", "@grace")
    assert made(world)["/model/"] == ("@ada",)
    assert not own(world.context, ("@grace", "@acme/ml")).changed
    assert not own(world.context, ()).changed
    with pytest.raises(InputError, match=r"names @acme/ml, @grace already.*Edit"):
        own(world.context, ("@ada",))


def test_an_edited_file_of_owners_makes_code_owners_anew(world: Governed) -> None:
    source = world.origin.path / SOURCE
    source.write_text("owners: ['@ada']\n", encoding="utf-8")
    assert own(world.context, ()).changed
    assert set(made(world).values()) == {("@ada",)}


def test_code_owners_that_people_wrote_are_taken_over(world: Governed) -> None:
    (world.origin.path / FILE).write_text("/delivery/ @ada\n/infra/\n/docs/ @grace\n")
    assert own(world.context, ("@acme/ml",)).changed
    owned = made(world)
    assert owned["/delivery/"] == ("@ada",)
    assert owned["/docs/"] == ("@grace",)
    assert owned["/infra/"] == ("@acme/ml",)
    assert not own(world.context, ()).changed
