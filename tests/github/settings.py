"""The settings of a repository: itself, rulesets, environments, variables, Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github.actors import ACTIONS_ID
from tests.github.plans import require_environment_rules, require_rulesets
from tests.github.wire import Answer, Listed, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub

ROOT = "/repos/{owner}/{name}"
ADMIN_READ, ADMIN = "administration=read", "administration=write"
ENVIRONMENT = ROOT + "/environments/{environment}"
POLICIES = ENVIRONMENT + "/deployment-branch-policies"
VARIABLES = ROOT + "/actions/variables"
SETTINGS = (
    "description", "private", "has_issues", "allow_merge_commit", "allow_squash_merge",
    "allow_rebase_merge", "allow_auto_merge", "delete_branch_on_merge", "allow_update_branch",
)  # fmt: skip


@route("GET", ROOT, "metadata=read")
def repository(hub: Hub, request: Request, *, owner: str, name: str) -> Any:
    return hub.repository_json(f"{owner}/{name}")


@route("PATCH", ROOT, ADMIN)
def change_repository(hub: Hub, request: Request, *, owner: str, name: str) -> Any:
    hub.settings |= {key: request.body[key] for key in SETTINGS if key in request.body}
    return hub.repository_json(f"{owner}/{name}")


@route("GET", ROOT + "/rulesets", "metadata=read")
def rulesets(hub: Hub, request: Request, **_: str) -> Listed:
    """Without rules and conditions, as GitHub lists them."""
    require_rulesets(hub)
    short = ("id", "name", "target", "source_type", "source", "enforcement")
    return Listed([{key: r[key] for key in short} for r in hub.rulesets.values()])


@route("POST", ROOT + "/rulesets", ADMIN)
def create_ruleset(hub: Hub, request: Request, **_: str) -> Answer:
    body = request.body
    require_rulesets(hub)
    _check_ruleset(hub, body, None)
    return Answer(201, hub.add_ruleset(body))


@route("GET", ROOT + "/rulesets/{number}", "metadata=read")
def get_ruleset(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    """Who may bypass is shown to those alone who may change it."""
    found = _ruleset(hub, number)
    if hub.may(request, ADMIN):
        return found
    return {key: value for key, value in found.items() if key != "bypass_actors"}


@route("PUT", ROOT + "/rulesets/{number}", ADMIN)
def change_ruleset(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    found = _ruleset(hub, number)
    _check_ruleset(hub, found | request.body, found["id"])
    keys = ("name", "target", "enforcement", "bypass_actors", "conditions", "rules")
    found |= {key: request.body[key] for key in keys if key in request.body}
    return found


@route("DELETE", ROOT + "/rulesets/{number}", ADMIN)
def delete_ruleset(hub: Hub, request: Request, *, number: str, **_: str) -> Answer:
    del hub.rulesets[_ruleset(hub, number)["id"]]
    return Answer(204)


def _ruleset(hub: Hub, number: str) -> dict[str, Any]:
    if (found := hub.rulesets.get(int(number))) is None:
        raise NotFound
    return found


def _check_ruleset(hub: Hub, body: dict[str, Any], number: int | None) -> None:
    """What GitHub refuses; it takes no Actions App into a ruleset of a repository."""
    for key in ("name", "enforcement"):
        if not body.get(key):
            raise RefusedError(422, "Invalid request.", field=key, code="missing_field")
    if any(r["name"] == body["name"] and r["id"] != number for r in hub.rulesets.values()):
        raise RefusedError(422, "Validation Failed", message="Name must be unique", code="custom")
    known = {hub.app_id}
    for actor in body.get("bypass_actors", []):
        if actor["actor_type"] == "Integration" and actor["actor_id"] not in known:
            who = "GitHub Actions" if actor["actor_id"] == ACTIONS_ID else actor["actor_id"]
            message = (
                f"Actor {who} integration must be part of the ruleset source or owner organization"
            )
            raise RefusedError(422, "Validation Failed", code="custom", message=message)


@route("GET", ROOT + "/environments", "actions=read")
def environments(hub: Hub, request: Request, **_: str) -> Listed:
    return Listed(list(hub.environments.values()), "environments")


@route("GET", ENVIRONMENT, "actions=read")
def environment(hub: Hub, request: Request, *, environment: str, **_: str) -> Any:
    return _environment(hub, environment)


@route("PUT", ENVIRONMENT, ADMIN)
def put_environment(hub: Hub, request: Request, *, environment: str, **_: str) -> Any:
    body, number = request.body, hub.next_id()
    require_environment_rules(hub, body)
    found = hub.environments.setdefault(
        environment, {"id": number, "name": environment, "protection_rules": []}
    )
    policy = body.get("deployment_branch_policy", found.get("deployment_branch_policy"))
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        raise RefusedError(
            422, "protected_branches and custom_branch_policies cannot have the same value"
        )
    found["deployment_branch_policy"] = policy
    rules: list[dict[str, Any]] = []
    if reviewers := body.get("reviewers"):
        rules.append({"type": "required_reviewers", "reviewers": reviewers,
                      "prevent_self_review": bool(body.get("prevent_self_review"))})  # fmt: skip
    if wait := body.get("wait_timer"):
        rules.append({"type": "wait_timer", "wait_timer": wait})
    if policy:
        rules.append({"type": "branch_policy"})
    found["protection_rules"] = rules
    return found


def _environment(hub: Hub, name: str) -> dict[str, Any]:
    if (found := hub.environments.get(name)) is None:
        raise NotFound
    return found


@route("GET", POLICIES, "actions=read")
def policies(hub: Hub, request: Request, *, environment: str, **_: str) -> Listed:
    _environment(hub, environment)
    return Listed(hub.branch_policies.get(environment, []), "branch_policies")


@route("POST", POLICIES, ADMIN)
def add_policy(hub: Hub, request: Request, *, environment: str, **_: str) -> Any:
    policy = _environment(hub, environment)["deployment_branch_policy"]
    if not policy or not policy["custom_branch_policies"]:
        raise NotFound
    (name,) = request.required("name")
    found = hub.branch_policies.setdefault(environment, [])
    if any(p["name"] == name for p in found):
        raise RefusedError(303, "See Other")
    found.append({"id": hub.next_id(), "name": name, "type": request.body.get("type", "branch")})
    return found[-1]


@route("DELETE", POLICIES + "/{number}", ADMIN)
def delete_policy(hub: Hub, request: Request, *, environment: str, number: str, **_: str) -> Answer:
    found = hub.branch_policies.get(environment, [])
    hub.branch_policies[environment] = [p for p in found if p["id"] != int(number)]
    return Answer(204)


@route("GET", VARIABLES, "actions_variables=read")
def variables(hub: Hub, request: Request, **_: str) -> Listed:
    return Listed(
        [{"name": name, "value": value} for name, value in hub.variables.items()], "variables"
    )


@route("POST", VARIABLES, "actions_variables=write")
def create_variable(hub: Hub, request: Request, **_: str) -> Answer:
    name, value = request.required("name", "value")
    if name.upper() in hub.variables:
        raise RefusedError(409, "Already exists - Variable already exists")
    hub.variables[name.upper()] = value
    return Answer(201, {})


@route("GET", VARIABLES + "/{variable}", "actions_variables=read")
def variable(hub: Hub, request: Request, *, variable: str, **_: str) -> Any:
    if variable.upper() not in hub.variables:
        raise NotFound
    return {"name": variable.upper(), "value": hub.variables[variable.upper()]}


@route("PATCH", VARIABLES + "/{variable}", "actions_variables=write")
def change_variable(hub: Hub, request: Request, *, variable: str, **_: str) -> Answer:
    if variable.upper() not in hub.variables:
        raise NotFound
    hub.variables[variable.upper()] = request.body["value"]
    return Answer(204)


@route("GET", ROOT + "/actions/permissions/workflow", ADMIN_READ)
def workflow_permissions(hub: Hub, request: Request, **_: str) -> Any:
    return hub.workflow_defaults


@route("PUT", ROOT + "/actions/permissions/workflow", ADMIN)
def set_workflow_permissions(hub: Hub, request: Request, **_: str) -> Answer:
    if hub.forbids_pulls and request.body.get("can_approve_pull_request_reviews"):
        raise RefusedError(409, "Conflict")
    hub.workflow_defaults |= {
        key: request.body[key] for key in hub.workflow_defaults if key in request.body
    }
    return Answer(204)


@route("GET", ROOT + "/immutable-releases", ADMIN_READ)
def immutable_releases(hub: Hub, request: Request, **_: str) -> Any:
    if not hub.immutable:
        raise NotFound
    return {"enabled": True, "enforced_by_owner": False}


@route("GET", ROOT + "/code-scanning/default-setup", ADMIN_READ)
def default_setup(hub: Hub, request: Request, **_: str) -> Any:
    """CodeQL as GitHub runs it by itself, which refuses what workflows upload."""
    if hub.settings["private"]:
        raise RefusedError(
            403, "Code Security must be enabled for this repository to use code scanning."
        )
    return {"state": hub.code_scanning}


@route("GET", ROOT + "/private-vulnerability-reporting", "metadata=read")
def vulnerability_reporting(hub: Hub, request: Request, **_: str) -> Any:
    if hub.settings["private"]:
        raise NotFound
    return {"enabled": hub.takes_reports}
