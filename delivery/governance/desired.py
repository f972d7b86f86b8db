"""The policy fitted to a repository: everything that GitHub is to hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from delivery.errors import InputError
from delivery.governance.files import APP_ID, ENVIRONMENTS, Policy, Ruleset
from delivery.governance.plan import Item
from delivery.settings.policy import Settings

EACH = "{environment}"
NO_REVIEW = {
    "required_approving_review_count": 0,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What depends on the repository: the id of its App, and who can push to it."""

    app: int | None
    writers: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """Is there nobody who could approve what the one writer proposes?"""
        return len(self.writers) < 2


def wanted(policy: Policy, settings: Settings, facts: Facts) -> tuple[Item, ...]:
    """Every item, in the order in which it is made: what closes main comes last.

    Raises:
        InputError: an environment of delivery.yaml has no rule.
    """
    return (
        *_labels(policy, settings),
        Item("setting", "repository", policy.repository.model_dump()),
        Item("setting", "workflows", policy.workflows.model_dump()),
        *_environments(policy, settings),
        *(_ruleset(ruleset, facts) for ruleset in policy.rulesets),
    )


def notes(facts: Facts) -> tuple[str, ...]:
    """What was left off because of the facts, and how to switch it on."""
    notes = []
    if facts.alone:
        notes.append(
            f"reviews are off: {' and '.join(facts.writers) or 'nobody'} alone can write here, and "
            "nobody can approve their own pull request. Give a second person write access, then "
            "`delivery github apply` switches them on."
        )
    if facts.app is None:
        notes.append(
            f"no GitHub App ({APP_ID} is not set): people merge rollbacks, and whoever can write "
            "can also add to an event log or make a promo/ tag, though nobody can change what is "
            "there. docs/github.md says how to add an App; then `delivery github apply` again."
        )
    return tuple(notes)


def _labels(policy: Policy, settings: Settings) -> Iterator[Item]:
    for name, label in policy.labels.items():
        for environment in settings.environments if EACH in name else [""]:
            description = label.description.replace(EACH, environment)
            content = {"color": label.color, "description": description}
            yield Item("label", name.replace(EACH, environment), content)


def _environments(policy: Policy, settings: Settings) -> Iterator[Item]:
    """A rule by name comes before the rule for each environment of delivery.yaml."""
    each = policy.environments.get(EACH)
    rules = {name: rule for name, rule in policy.environments.items() if name != EACH}
    for name in settings.environments:
        if each is None and name not in rules:
            raise InputError(
                f"{ENVIRONMENTS} has no {name}, and delivery.yaml has: every branch could use its "
                f'secrets. Add `"{EACH}": {{ branches: [main] }}` and merge it'
            )
    if each is not None:
        rules = dict.fromkeys(settings.environments, each) | rules
    for name, rule in rules.items():
        content = {"branches": rule.branches, "reviewers": [], "wait_timer": 0}
        yield Item("environment", name, content)


def _ruleset(ruleset: Ruleset, facts: Facts) -> Item:
    """The ruleset with the App's id in it, or without the App; without reviews for a writer
    alone. A rule that lets nobody make something is switched off rather than stop the loop."""
    content = ruleset.model_dump(exclude={"name"})
    content["bypass_actors"] = [
        actor | ({"actor_id": facts.app} if actor["actor_id"] == APP_ID else {})
        for actor in content["bypass_actors"]
        if facts.app is not None or actor["actor_id"] != APP_ID
    ]
    content["rules"] = {rule.type: rule.parameters for rule in ruleset.rules}
    if facts.alone and "pull_request" in content["rules"]:
        content["rules"]["pull_request"] = content["rules"]["pull_request"] | NO_REVIEW
    if "creation" in content["rules"] and not content["bypass_actors"]:
        content["enforcement"] = "disabled"
    return Item("ruleset", ruleset.name, content)
