"""What `delivery doctor` looks at on GitHub: what the plan has, and what GitHub does by itself."""

from __future__ import annotations

from delivery.errors import InputError
from delivery.governance.billing import Plan, lacks
from delivery.governance.live import Site

CODE_SCANNING = "CODE_SCANNING"
OFF = "disabled"  # how the state of a workflow begins that runs no more


def plan(site: Site) -> str:
    """What the plan is, and what it lacks."""
    missing = [why for kind in ("ruleset", "environment") if (why := lacks(site.plan, kind))]
    return "; ".join([site.plan.value, *missing])


def scanning(site: Site) -> str:
    """Do findings reach the Security page, and is nobody else in the way?"""
    if site.plan is not Plan.PUBLIC and site.variable(CODE_SCANNING) != "true":
        return f"the scan fails its job; {CODE_SCANNING} is not set, so no page shows findings"
    if (site.existing("code-scanning/default-setup") or {}).get("state") == "configured":
        raise InputError(
            "CodeQL's default setup is on, and refuses what security.yml uploads. Settings → "
            "Advanced Security → CodeQL analysis → Switch to advanced"
        )
    return "findings are shown on the Security page"


def reports(site: Site) -> str:
    """Can somebody report a weakness in private?"""
    if site.plan is not Plan.PUBLIC:
        return "nobody outside sees the repository"
    if not (site.existing("private-vulnerability-reporting") or {}).get("enabled"):
        raise InputError(
            "nobody can report a weakness in private. Settings → Advanced Security → Private "
            "vulnerability reporting → Enable"
        )
    return "weaknesses can be reported in private"


def workflows(site: Site) -> str:
    """Do all run? GitHub stops schedules after 60 days without activity."""
    listing = (site.existing("actions/workflows") or {"workflows": []})["workflows"]
    off = [workflow for workflow in listing if workflow["state"].startswith(OFF)]
    if off:
        raise InputError(
            f"{', '.join(workflow['path'] for workflow in off)}: {off[0]['state']}. `gh workflow "
            f"enable {off[0]['name']}`"
        )
    return f"{len(listing)} are enabled"


def checks_of_bots(site: Site) -> str:
    """Who starts the check of a pull request that a job opened?"""
    if site.facts.app is not None:
        return "GitHub starts the checks of what the App opens"
    if site.variable("CI_STATUS") == "false":
        return "a person clicks `Approve workflows to run` on each"
    return "jobs start them, and ci.yml reports the status ci"
