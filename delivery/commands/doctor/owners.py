"""What `delivery doctor` looks at on GitHub: who owns what, and who can approve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from delivery.errors import InputError
from delivery.governance.billing import lacks
from delivery.governance.codeowners import FILE, SOURCE
from delivery.governance.live import Site
from delivery.governance.main import Main


def code_owners(site: Site, main: Main) -> str:
    """Does somebody GitHub knows own every guarded path?"""
    errors = site.existing("codeowners/errors")
    if errors is None:
        raise InputError(f"main has no {FILE}. Restore it from the template and merge it")
    if errors["errors"]:
        first = errors["errors"][0]
        raise InputError(
            f"line {first['line']} of {FILE}: {first['kind']}, so it guards nothing. Name a login "
            "or team that can write here, and merge it"
        )
    if not main.owners_are_made:
        raise InputError(
            f"{FILE} is not what {SOURCE} makes. `delivery github own`, commit and merge it"
        )
    owned = main.owners
    unowned = [pattern for pattern, names in owned.items() if not names]
    if unowned:
        raise InputError(
            f"nobody owns {', '.join(unowned)}. `delivery github own @your-org/your-team`, commit "
            "and merge it"
        )
    people = {name for names in owned.values() for name in names}
    return f"{len(owned)} paths, owned by {', '.join(sorted(people))}"


def reviews(site: Site, main: Main) -> str:
    """Can everybody's pull request be approved by somebody else?"""
    writers, rule = site.facts.writers, _review_rule(site)
    required = rule.get("required_approving_review_count") or rule.get("require_code_owner_review")
    if site.facts.alone:
        who = " and ".join(writers) or "nobody"
        if required:
            raise InputError(
                f"{who} alone can write here, and main asks for a review that nobody can give: "
                "pull requests wait forever. Give a second person write access, or let `delivery "
                "github apply` switch reviews off"
            )
        return f"off: {who} alone can write here"
    for pattern, names in main.owners.items() if rule.get("require_code_owner_review") else ():
        if len(names) == 1 and "/" not in names[0]:
            raise InputError(
                f"{names[0]} alone owns {pattern}, and cannot approve their own change of it. Name "
                f"a second owner, or a team, in {SOURCE}; then `delivery github own`"
            )
    return f"{len(writers)} people can write; {'a review is asked for' if required else 'off'}"


def _review_rule(site: Site) -> Mapping[str, Any]:
    """What is asked of a pull request to main, by whichever ruleset: its organisation's too."""
    if lacks(site.plan, "ruleset"):
        return {}
    rule_parameters: dict[str, Any] = {}
    for rule in site.existing("rules/branches/main") or []:
        if rule["type"] == "pull_request":
            rule_parameters |= {key: value for key, value in rule["parameters"].items() if value}
    return rule_parameters
