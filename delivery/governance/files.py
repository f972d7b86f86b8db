"""The files under .github/ that say how GitHub is to be set up, parsed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.git.repository import Repository
from serving.strict import DocumentError, Strict, parse

REPOSITORY = ".github/repository.yml"
ENVIRONMENTS = ".github/environments.yml"
LABELS = ".github/labels.yml"
RULESETS = ".github/rulesets"
APP_ID = "DELIVERY_APP_ID"  # the repository variable; in a ruleset it stands for the App


class RepositorySwitches(Strict):
    """Keys of `PATCH /repos/{owner}/{repo}` that the loop depends on."""

    allow_merge_commit: bool
    delete_branch_on_merge: bool


class WorkflowSwitches(Strict):
    """What GITHUB_TOKEN may do unless a job asks for more."""

    default_workflow_permissions: Literal["read", "write"]
    can_approve_pull_request_reviews: bool


class EnvironmentRule(Strict):
    """Which branches' jobs may use an environment; `{environment}` as a name stands for each of
    delivery.yaml. Reviewers cannot be asked for, on purpose."""

    branches: list[str] = Field(min_length=1)


class Label(Strict):
    """A label; `{environment}` in its name makes one for each environment."""

    color: str = Field(pattern="^[0-9a-f]{6}$")
    description: str = Field(max_length=100)


class Actor(Strict):
    """Who may pass a ruleset by."""

    actor_type: str
    actor_id: int | Literal["DELIVERY_APP_ID"] | None
    bypass_mode: Literal["always", "pull_request"]


class Rule(Strict):
    """One rule; its parameters are GitHub's."""

    type: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class Ruleset(Strict):
    """A ruleset as GitHub's REST has it, except that `actor_id` may be DELIVERY_APP_ID."""

    name: str
    target: Literal["branch", "tag"]
    enforcement: Literal["active", "disabled"]
    bypass_actors: list[Actor]
    conditions: dict[str, dict[str, list[str]]]
    rules: list[Rule]


class Policy(Strict):
    """All files as one document; its keys are their names."""

    repository: RepositorySwitches
    workflows: WorkflowSwitches
    environments: dict[str, EnvironmentRule]
    labels: dict[str, Label]
    rulesets: list[Ruleset]


def read_policy(repository: Repository, commit: str) -> Policy:
    """The policy at a commit.

    Raises:
        InputError: a file is missing or not as it must be.
    """

    def text(path: str) -> str:
        text = repository.read(commit, path)
        if text is None:
            raise InputError(f"main has no {path}. Restore it from the template and merge it")
        return text

    paths = [f"{RULESETS}/{name}" for name in repository.names(commit, RULESETS)]
    if not paths:
        raise InputError(f"main has no {RULESETS}/. Restore it from the template and merge it")
    return parse_policy({path: text(path) for path in (REPOSITORY, ENVIRONMENTS, LABELS, *paths)})


def parse_policy(files: Mapping[str, str]) -> Policy:
    """The policy that the texts of the files (by their paths) make together."""
    rulesets = [_json(path, text) for path, text in files.items() if path.startswith(RULESETS)]
    switches = parse_yaml(files[REPOSITORY], REPOSITORY)
    content = {
        **(switches if isinstance(switches, Mapping) else {}),
        "environments": parse_yaml(files[ENVIRONMENTS], ENVIRONMENTS),
        "labels": parse_yaml(files[LABELS], LABELS),
        "rulesets": rulesets,
    }
    try:
        return parse(Policy, content, source=".github")
    except DocumentError as error:
        raise InputError(f"{error}. Mend it on main: docs/github.md lists the files") from error


def _json(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON: {error}. Mend it on main") from error
