"""The template's own governance files, and facts for them."""

from __future__ import annotations

from typing import Any

from delivery.governance.desired import Facts, wanted
from delivery.governance.files import ENVIRONMENTS, LABELS, REPOSITORY, Policy, parse_policy
from delivery.settings.policy import parse_settings
from tests.checkout import POLICY, ROOT

SETTINGS = parse_settings(POLICY.read_text(encoding="utf-8"))
TEAM = Facts(app=None, writers=("ada", "grace"))
ALONE = Facts(app=None, writers=("ada",))
WITH_APP = Facts(app=4711, writers=("ada", "grace"))


def texts() -> dict[str, str]:
    """Path → text, as main has them."""
    rulesets = sorted((ROOT / ".github" / "rulesets").glob("*.json"))
    paths = [REPOSITORY, ENVIRONMENTS, LABELS, *(str(file.relative_to(ROOT)) for file in rulesets)]
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}


def policy() -> Policy:
    return parse_policy(texts())


def contents(facts: Facts) -> dict[tuple[str, str], Any]:
    """(kind, name) → content of everything that the template wants."""
    items = wanted(policy(), SETTINGS, facts)
    return {(item.kind, item.name): item.content for item in items}
