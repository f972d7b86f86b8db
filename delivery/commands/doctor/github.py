"""What `delivery doctor` looks at on GitHub: rights, settings, and main's required check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from delivery.commands.doctor import jobs, owners, releases
from delivery.commands.doctor.check import Check, look
from delivery.context import Context
from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.github.access import access
from delivery.governance.files import Policy
from delivery.governance.live import Site
from delivery.governance.main import Main
from delivery.governance.plan import Kind, Row

CI = ".github/workflows/ci.yml"
KINDS: tuple[Kind, ...] = ("setting", "label", "environment", "ruleset")
LEVELS = ("admin", "maintain", "push", "triage", "pull")
APPLY = "`delivery github apply` makes it so; `--dry-run` shows the difference"


def checks(context: Context) -> Iterator[Check]:
    """Every check on GitHub; without a token that reaches it, only the first."""
    first = look("github token", lambda: _token(Site(access(context.surroundings.github))))
    yield first
    if not first.ok:
        return
    site, main = Site(access(context.surroundings.github)), Main(context)
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        *((f"github {kind}s", partial(_in_step, site, main, kind)) for kind in KINDS),
        ("required check", partial(_required_check, main)),
        ("code owners", partial(owners.code_owners, site, main)),
        ("reviews", partial(owners.reviews, site, main)),
        ("github app", partial(jobs.app, site, main)),
        ("store in jobs", partial(jobs.store, context, site)),
        ("runners", partial(jobs.runners, site)),
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
    wrong = [_difference(row) for row in rows if row.state != "same"]
    if wrong:
        raise InputError(f"{'; '.join(wrong)}. {APPLY}")
    unseen = sorted({key for row in rows for key in row.unseen})
    hidden = f"; hidden from this token: {', '.join(unseen)}" if unseen else ""
    return f"{len(rows)}, as main's files say{hidden}"


def _required_check(main: Main) -> str:
    declared = (parse_yaml(main.text(CI), CI) or {}).get("jobs", {})
    required = _required(main.policy)
    missing = required - {job.get("name", key) for key, job in declared.items()}
    if missing:
        raise InputError(
            f"main waits for the check {', '.join(sorted(missing))}, and no job of {CI} has that "
            "name: nothing could be merged. Name its last job so, or change "
            ".github/rulesets/main.json"
        )
    return f"{', '.join(sorted(required))}: a job of {CI}"


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
