"""What `delivery doctor` looks at on GitHub: rights, settings, and main's required check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial

from delivery.commands import doctor_owners, doctor_runs
from delivery.commands.looks import Check, look
from delivery.context import Context
from delivery.errors import InputError
from delivery.governance.access import access
from delivery.governance.item import Item, Row
from delivery.governance.policy import Policy, read_policy
from delivery.governance.site import Site
from delivery.governance.wanted import wanted
from delivery.settings import parse_yaml

CI = ".github/workflows/ci.yml"
LEVELS = ("admin", "maintain", "push", "triage", "pull")
APPLY = "`delivery github apply` makes it so; `--dry-run` shows the difference"


def checks(context: Context) -> Iterator[Check]:
    """Every check on GitHub; without a token that reaches it, only the first."""
    first = look("github token", lambda: _token(Site(access(context.repository))))
    yield first
    if not first.ok:
        return
    site = Site(access(context.repository))
    main = _Main(context, site)
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("github settings", partial(main.in_step, "setting")),
        ("github labels", partial(main.in_step, "label")),
        ("github environments", partial(main.in_step, "environment")),
        ("github rulesets", partial(main.in_step, "ruleset")),
        ("required check", main.required_check),
        ("code owners", partial(doctor_owners.code_owners, context, site)),
        ("reviews", partial(doctor_owners.reviews, context, site)),
        ("github app", partial(doctor_runs.app, context, site)),
        ("store in jobs", partial(doctor_runs.store, context)),
        ("runners", partial(doctor_runs.runners, site)),
    )
    yield from (look(name, at) for name, at in looks)


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


class _Main:
    """What main's files ask for, against GitHub."""

    def __init__(self, context: Context, site: Site) -> None:
        self._context = context
        self._site = site

    def in_step(self, kind: str) -> str:
        rows = self._site.rows(item for item in self._items if item.kind == kind)
        wrong = [_told(row) for row in rows if row.state != "same"]
        if wrong:
            raise InputError(f"{'; '.join(wrong)}. {APPLY}")
        unseen = sorted({key for row in rows for key in row.unseen})
        hidden = f"; hidden from this token: {', '.join(unseen)}" if unseen else ""
        return f"{', '.join(row.item.name for row in rows)}: as main's files say{hidden}"

    def required_check(self) -> str:
        snapshot = self._context.snapshot()
        text = self._context.repository.read(snapshot.commit, CI)
        jobs = (parse_yaml(text, CI) or {}).get("jobs", {}) if text else {}
        required = _required(self._policy)
        missing = required - {job.get("name", key) for key, job in jobs.items()}
        if missing:
            raise InputError(
                f"main waits for the check {', '.join(sorted(missing))}, and no job of {CI} has "
                "that name: nothing could be merged. Name its last job so, or change "
                ".github/rulesets/main.json"
            )
        return f"{', '.join(sorted(required))}: a job of {CI}"

    @cached_property
    def _policy(self) -> Policy:
        return read_policy(self._context.repository, self._context.snapshot().commit)

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        return wanted(self._policy, self._context.snapshot().settings, self._site.facts)


def _required(policy: Policy) -> set[str]:
    return {
        check["context"]
        for ruleset in policy.rulesets
        for rule in ruleset.rules
        if rule.type == "required_status_checks"
        for check in rule.parameters["required_status_checks"]
    }


def _told(row: Row) -> str:
    if row.state == "create":
        return f"{row.item.name} is missing"
    changes = (
        f"{change.path} is {change.before}, expected {change.after}" for change in row.changes
    )
    return f"{row.item.name}: {', '.join(changes)}"
