"""What `delivery doctor` looks at on GitHub: rights, settings, and main's required check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from delivery.commands.doctor import jobs, offer, owners, releases, runners
from delivery.commands.doctor.check import Check, look
from delivery.context import Context
from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.github.access import access
from delivery.governance.files import Policy
from delivery.governance.live import Site
from delivery.governance.main import Main
from delivery.governance.plan import Kind, Row
from delivery.governance.switches import OPENS

CI = ".github/workflows/ci.yml"
KINDS: tuple[Kind, ...] = ("setting", "label", "environment", "ruleset")
LEVELS = ("admin", "maintain", "push", "triage", "pull")
FORBIDDEN = (
    "Where that stays as it is, the organisation forbids it: an owner allows it under Settings → "
    "Actions → General, or the repository gets a GitHub App"
)
APPLY = "`delivery github apply` makes it so; `--dry-run` shows the difference"


def checks(context: Context) -> Iterator[Check]:
    """Every check on GitHub; without a token that reaches it, only the first."""
    first = look("github token", lambda: _token(Site(access(context.surroundings.github))))
    yield first
    if not first.ok:
        return
    site, main = Site(access(context.surroundings.github)), Main(context)
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("github plan", partial(offer.plan, site)),
        *((f"github {kind}s", partial(_in_step, site, main, kind)) for kind in KINDS),
        ("required check", partial(_required_check, main)),
        ("code owners", partial(owners.code_owners, site, main)),
        ("reviews", partial(owners.reviews, site, main)),
        ("github app", partial(jobs.app, site, main)),
        ("store in jobs", partial(jobs.store, context, site)),
        ("runners", partial(runners.runners, site, main)),
        ("keys of jobs", partial(runners.keys, site, main)),
        ("checks of bots", partial(offer.checks_of_bots, site)),
        ("code scanning", partial(offer.scanning, site)),
        ("private reports", partial(offer.reports, site)),
        ("workflows", partial(offer.workflows, site)),
    )
    yield from (look(name, at) for name, at in looks)
    yield from releases.checks(context, site)


def _token(site: Site) -> str:
    branch = site.about["default_branch"]
    if branch != "main":
        raise InputError(
            f"the default branch of {site.slug} is {branch}, and delivery reads main. Rename it "
            "under Settings → General"
        )
    rights = site.about.get("permissions") or {}
    may = next((level for level in LEVELS if rights.get(level)), "what its job was granted")
    return f"{site.slug}, with the right to {may}"


def _in_step(site: Site, main: Main, kind: Kind) -> str:
    rows = site.rows(item for item in main.wanted(site.facts) if item.kind == kind)
    wrong = [_difference(row) for row in rows if row.state in ("create", "change")]
    if wrong:
        cure = f"{APPLY}. {FORBIDDEN}" if any(OPENS in line for line in wrong) else APPLY
        raise InputError(f"{'; '.join(wrong)}. {cure}")
    if left_out := {row.why for row in rows if row.why}:
        return f"left out: {'; '.join(left_out)}"
    unseen = sorted({key for row in rows for key in row.unseen})
    hidden = f"; hidden from this token: {', '.join(unseen)}" if unseen else ""
    return f"{len(rows)}, as main's files say{hidden}"


def _required_check(main: Main) -> str:
    declared = (parse_yaml(main.text(CI), CI) or {}).get("jobs", {})
    required = _required(main.policy)
    missing = required - {name for key, job in declared.items() for name in _names(key, job)}
    if missing:
        raise InputError(
            f"main waits for the check {', '.join(sorted(missing))}, and no job of {CI} has that "
            "name: nothing could be merged. Name its last job so, or change "
            ".github/rulesets/main.json"
        )
    return f"{', '.join(sorted(required))}: a job of {CI}"


def _names(key: str, job: Mapping[str, Any]) -> list[str]:
    """What the check runs of a job may be called: the texts in an expression, if it is one."""
    name = str(job.get("name", key))
    return re.findall(r"'([^']*)'", name) if "${{" in name else [name]


def _required(policy: Policy) -> set[str]:
    return {
        check["context"]
        for ruleset in policy.rulesets
        for rule in ruleset.rules
        if rule.type == "required_status_checks"
        for check in rule.parameters["required_status_checks"]
    }


def _difference(row: Row) -> str:
    if row.state == "create":
        return f"{row.item.name} is missing"
    changes = (
        f"{change.path} is {change.before}, expected {change.after}" for change in row.changes
    )
    return f"{row.item.name}: {', '.join(changes)}"
