"""`delivery check`: may HEAD change what the environments run, and the records, as it does?

A preview for pull requests: `delivery deploy` asks the same of main before it starts anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.rollouts.traffic import lacking
from delivery.errors import DeliveryError, RefusedError
from delivery.promotion.admission import freshness_of, open_because, unproven_because
from delivery.settings.policy import FILE, parse_settings
from delivery.state.desired import desired_path, evidence_path
from delivery.state.history import Attempt
from delivery.state.record import FOLDER
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The environments that HEAD changes, as it may."""

    environments: tuple[str, ...]


def check(context: Context) -> CheckResult:
    """Compare HEAD with where it left main: what main did since is no change of HEAD's.

    Raises:
        RefusedError: for each change that did not come from `delivery`.
    """
    snapshot = context.snapshot()
    head = context.repository.commit("HEAD")
    before = snapshot.at(context.repository.run("merge-base", snapshot.commit, head))
    changed = tuple(
        name
        for name in snapshot.settings.environments
        if any(_differs(before, head, path) for path in (desired_path(name), evidence_path(name)))
    )
    problems = [
        *_records(context, before, head),
        *_environments(snapshot, head, changed),
        *_rollouts(context, before, head),
    ]
    if problems:
        raise RefusedError("; ".join(problems))
    return CheckResult(changed)


def _differs(before: Snapshot, head: str, path: str) -> bool:
    return before.text(head, path) != before.text(before.commit, path)


def _environments(snapshot: Snapshot, head: str, changed: tuple[str, ...]) -> Iterator[str]:
    if len(changed) > 1:
        yield (
            f"{' and '.join(changed)} are changed at once; a release goes to one environment "
            "after the other, each by its own pull request"
        )
    proposed = snapshot.at(head)
    for name in changed:
        try:
            desired = proposed.desired(name)
            before = snapshot.attempt(name)
            attempt = Attempt(before.environment, before.target, head, desired, ())
            why = _unproven(proposed, attempt)
        except DeliveryError as error:
            why = str(error)
        if why:
            yield f"{name}: {why}"


def _unproven(proposed: Snapshot, attempt: Attempt) -> str:
    """What a deployment would reject, or hold."""
    if not attempt.desired.wanted.exists:
        return open_because(proposed.history(attempt.environment.name))
    if why := unproven_because(proposed, attempt):
        return why
    fresh = freshness_of(proposed, attempt)
    return f"{fresh.gate}: {fresh.why}" if fresh.status != "pass" else ""


def _rollouts(context: Context, before: Snapshot, head: str) -> Iterator[str]:
    """What a rollout needs and its target lacks, if the change is of the policy."""
    if not _differs(before, head, FILE):
        return
    settings = parse_settings(before.text(head, FILE), FILE)
    for name in settings.environments:
        environment = settings.environment(name)
        yield from lacking(environment, context.target(environment))


def _records(context: Context, before: Snapshot, head: str) -> Iterator[str]:
    """Records are written once: one that main has is neither changed nor removed. A signature may
    be renewed (`delivery sign`); what it is worth is judged before anything starts."""
    for name in context.repository.names(before.commit, FOLDER):
        path = f"{FOLDER}/{name}"
        renewable = name.endswith(".sig") and before.text(head, path).strip()
        if name.startswith("r-") and not renewable and _differs(before, head, path):
            yield f"{path} is changed or removed; a record is written once"
