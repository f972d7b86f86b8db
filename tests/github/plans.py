"""What a plan lacks: public repositories have everything, private ones what is paid for.

Sources: docs.github.com, "GitHub's plans"; and what people met: `GET /rulesets` of a private
repository on Free, and `wait_timer` or `reviewers` of an environment on Pro and Team.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from tests.github.wire import NotFound, RefusedError

if TYPE_CHECKING:
    from tests.github.state import State

Plan = Literal["public", "free", "team"]  # team: a private repository on Pro or Team
UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
BILLING = (
    "Failed to create the environment protection rule. Please ensure the billing plan supports "
    "the {} protection rule."
)


def require_rulesets(hub: State) -> None:
    if hub.plan == "free":
        raise RefusedError(403, UPGRADE)


def require_environment_secrets(hub: State) -> None:
    if hub.plan == "free":
        raise NotFound


def require_environment_rules(hub: State, body: Mapping[str, Any]) -> None:
    """A key that the plan has not is refused whatever its value is, 0 and [] too."""
    lacking = {
        "public": (),
        "team": ("wait_timer", "reviewers"),
        "free": ("wait_timer", "reviewers", "deployment_branch_policy"),
    }[hub.plan]
    for key in lacking:
        if body.get(key) is not None:
            name = {"reviewers": "required reviewers", "wait_timer": "wait timer"}
            raise RefusedError(422, BILLING.format(name.get(key, "branch policy")))
