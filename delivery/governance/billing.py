"""What GitHub offers a repository by its plan, as far as the loop depends on it. Pure.

A public repository has everything. Sources: https://docs.github.com/get-started/learning-about-github/githubs-plans
and, for what is refused, what the REST interface answers.
"""

from __future__ import annotations

from enum import StrEnum

from delivery.governance.plan import Kind

UPGRADE = "Upgrade to GitHub"  # in the answer to a private repository without rulesets


class Plan(StrEnum):
    """What a repository is. GitHub tells the plans that pay apart for owners alone."""

    PUBLIC = "public"
    FREE = "private, on the plan Free"
    PAID = "private, on Pro, Team or Enterprise"


LACKS: dict[Plan, dict[Kind, str]] = {
    Plan.FREE: {
        "ruleset": (
            "a private repository on Free has no rulesets: main takes any push, events and "
            "promotions can be rewritten, and nothing waits for the check ci"
        ),
        "environment": (
            "environments of a private repository on Free have neither secrets nor rules for "
            "branches: secrets are those of the repository, which a job of any branch can read"
        ),
    },
}
CURE = "to have both, make the repository public or pay for its plan, then `delivery github apply`."


def lacks(plan: Plan, kind: Kind) -> str:
    """Why GitHub cannot hold things of that kind under the plan; empty where it can."""
    return LACKS.get(plan, {}).get(kind, "")
