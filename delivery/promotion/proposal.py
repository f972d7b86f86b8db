"""Pull requests that change what an environment shall run: promotions and rollbacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.context import Context
from delivery.errors import HeldError
from delivery.forge.protocol import Pull
from delivery.gates.verdict import Verdict
from delivery.promotion.admission import proposal_tag
from delivery.retraining.body import cell
from delivery.settings.overrides import overrides_of
from delivery.state.desired import (
    Desired,
    Version,
    desired_path,
    evidence_path,
    render_desired,
)
from delivery.state.snapshot import Attempt, Snapshot

PROMOTION, ROLLBACK = "promotion", "rollback"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pull request would change: one environment, and for a new release its record."""

    environment: str
    desired: Desired
    evidence: Mapping[str, Any]
    report: str  # Markdown, the sticky comment
    files: Mapping[str, str]  # the record and the pointer, where main has none yet


def promotion(environment: str, wanted: Version, snapshot: Snapshot) -> Desired:
    """`wanted` beside what is verified in `environment` now."""
    return Desired(wanted=wanted, previous=snapshot.attempt(environment).verified)


def evidence(
    environment: str, release: str, verdicts: tuple[Verdict, ...], **facts: object
) -> Mapping[str, Any]:
    """The content of evidence.json: what was judged, and how."""
    return {
        "schema_version": 1,
        "environment": environment,
        "release": release,
        "verdicts": [
            {
                key: value
                for key, value in verdict.to_json().items()
                if key != "details" and (key != "override" or value)
            }
            for verdict in verdicts
        ],
        **facts,
    }


def propose(
    context: Context, snapshot: Snapshot, proposal: Proposal, *, asked: bool = True
) -> Pull | None:
    """Open the pull request, or adopt the one there is. Closes older ones for the environment.

    `asked` is False where a machine promotes by itself: it leaves alone what a person closed,
    and gets None then.
    """
    kind = ROLLBACK if proposal.desired.is_rollback else PROMOTION
    head = _branch(proposal, snapshot)
    labels = (kind, f"{kind}:{proposal.environment}", f"environment:{proposal.environment}")
    before = context.forge.pulls(head=head)
    if not any(pull.state == "open" for pull in before):
        if not asked and before and before[-1].state == "closed":
            return None
        _make_way(context, labels, head)
        _push(context, snapshot, proposal, head)
    pull = context.forge.open(head, title(proposal), _body(proposal), labels)
    if not context.forge.pull(pull.number).comment:
        context.forge.comment(pull.number, proposal.report)
    return pull


def _push(context: Context, snapshot: Snapshot, proposal: Proposal, head: str) -> None:
    """The branch, and the tag by which a deployment knows that delivery made it."""
    git, files, environment = context.repository, changed_files(proposal), proposal.environment
    commit = git.commit_files(snapshot.commit, files, title(proposal))
    desired, evidence = files[desired_path(environment)], files[evidence_path(environment)]
    tag = proposal_tag(environment, desired, evidence)
    git.create_tag(tag, snapshot.commit, title(proposal))
    git.push_branch(commit, head)


def _make_way(context: Context, labels: tuple[str, str, str], head: str) -> None:
    """Close what is open for the environment. A rollback does not give way to a promotion."""
    kind, mine, environment = labels
    for pull in context.forge.pulls(state="open"):
        if environment not in pull.labels:
            continue
        if kind == PROMOTION and mine not in pull.labels:
            name = environment.partition(":")[2]
            raise HeldError(
                f"pull request #{pull.number} rolls {name} back; merge or close it first"
            )
        context.forge.close(pull.number, f"superseded by {head}")


def rollback_of(attempt: Attempt, fallback: Version) -> Proposal:
    """The rollback of an attempt: its previous version becomes the wanted one."""
    environment, failed = attempt.environment, attempt.desired.wanted.release
    target = attempt.desired.previous
    reasons = [
        {"event": event.kind, "evidence": event.evidence}
        for event in attempt.events
        if event.kind == "rejected" or event.kind.startswith("revoked-")
    ]
    return Proposal(
        environment=environment,
        desired=Desired(wanted=target, previous=fallback, rollback_of=failed),
        evidence=evidence(
            environment, target.release, (), rollback_of=failed, attempt=attempt.commit,
            because=reasons,
        ),
        report=_rollback_report(attempt),
        files={},
    )  # fmt: skip


def changed_files(proposal: Proposal) -> Mapping[str, str]:
    """Path → text of everything that the pull request changes."""
    environment = proposal.environment
    text = json.dumps(proposal.evidence, indent=1, sort_keys=True, ensure_ascii=False)
    return {
        **proposal.files,
        desired_path(environment): render_desired(proposal.desired),
        evidence_path(environment): text + "\n",
    }


def _branch(proposal: Proposal, snapshot: Snapshot) -> str:
    if proposal.desired.is_rollback:
        attempt = snapshot.attempt(proposal.environment).commit
        return f"rollback/{proposal.environment}/{attempt[:12]}"
    return promotion_branch(proposal.environment, proposal.desired.wanted.release)


def promotion_branch(environment: str, release: str) -> str:
    """The branch of the pull request that promotes `release`."""
    return f"promote/{environment}/{release}"


def title(proposal: Proposal) -> str:
    """The title of the pull request and the subject of its commit."""
    desired = proposal.desired
    if desired.is_rollback:
        return (
            f"Roll {proposal.environment} back from {desired.rollback_of} "
            f"to {desired.wanted.release}"
        )
    return f"Promote {desired.wanted.release} to {proposal.environment}"


def _body(proposal: Proposal) -> str:
    desired = proposal.desired
    return (
        f"{title(proposal)}.\n\n"
        f"| | release |\n|---|---|\n"
        f"| wanted | `{desired.wanted.release}` |\n"
        f"| stays warm beside it | `{desired.previous.release}` |\n\n"
        f"{_overrides(proposal)}"
        f"Merging deploys it: `delivery deploy {proposal.environment}`. The evidence is in "
        f"`{evidence_path(proposal.environment)}`.\n"
    )


def _overrides(proposal: Proposal) -> str:
    """What a reviewer has to agree with beside the release itself."""
    lines = [
        f"- **{gate}** is overridden: {cell(reason)}\n"
        for gate, reason in overrides_of(proposal.evidence).items()
    ]
    return "".join(lines) + ("\n" if lines else "")


def _rollback_report(attempt: Attempt) -> str:
    lines = [f"`{attempt.desired.wanted.release}` did not hold in {attempt.environment}:", ""]
    for event in attempt.events:
        why = event.evidence.get("why", "")
        lines.append(f"- {event.kind}{': ' + str(why) if why else ''}")
    return "\n".join(lines) + "\n"
