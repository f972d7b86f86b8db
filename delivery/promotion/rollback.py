"""The pull request that rolls an environment back: generated, so it may merge itself."""

from __future__ import annotations

from delivery.context import Context
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.forge.protocol import Pull
from delivery.promotion.proposal import Proposal, changed_files, propose, stamped, title
from delivery.state.desired import Desired, ReleaseRef
from delivery.state.evidence_file import EvidenceFile
from delivery.state.history import Attempt, History
from delivery.state.snapshot import Snapshot

REASONS = tuple(state.kind.event for state in State if state.failed)


def propose_rollback(context: Context, environment: str, *, by_person: bool = False) -> Pull | None:
    """Open the rollback pull request of a failed attempt; merge it where that is allowed.

    It goes back to the last release that was verified here, whatever the failed attempt's file
    says. A rollback is rolled back by a person alone: somebody has to look.
    """
    snapshot = context.snapshot()
    history = snapshot.history(environment)
    attempt = history.newest
    if not attempt.state.failed or (attempt.desired.is_rollback and not by_person):
        return None
    proposal = rollback_of(history, context.version(snapshot, environment, history.previous))
    context.progress(f"proposing the rollback of {environment}")
    pull = propose(context, snapshot, proposal)
    if pull is None or not context.forge.merges_itself:
        return pull
    if pull.state == "closed" and context.snapshot().attempt(environment).commit != attempt.commit:
        return None  # main was rolled back, or wants something else, since we looked
    commit = _require_generated(context, snapshot, pull, proposal) if pull.state == "open" else None
    return context.forge.merge(pull.number, commit=commit)


def rollback_of(history: History, target: ReleaseRef) -> Proposal:
    """The rollback of the newest attempt to what was verified last."""
    environment, attempt = history.environment.name, history.newest
    reasons = tuple(
        {"event": event.kind, "evidence": dict(event.evidence)}
        for event in attempt.events
        if event.kind.partition("-")[0] in REASONS
    )
    return Proposal(
        environment=environment,
        desired=Desired(target, history.fallback(target.release), attempt.subject),
        evidence=EvidenceFile(
            schema_version=1,
            environment=environment,
            release=target.release,
            verdicts=(),
            rollback_of=attempt.subject,
            attempt=attempt.commit,
            because=reasons,
        ),
        report=_report(attempt),
        files={},
    )


def _report(attempt: Attempt) -> str:
    lines = [f"`{attempt.subject}` did not hold in {attempt.environment}:", ""]
    if attempt.malformed:
        lines.append(f"- {attempt.malformed}")
    for event in attempt.events:
        why = event.evidence.get("why", "")
        lines.append(f"- {event.kind}{': ' + str(why) if why else ''}")
    return "\n".join(lines) + "\n"


def _require_generated(context: Context, snapshot: Snapshot, pull: Pull, proposal: Proposal) -> str:
    """A rollback merges itself only if its branch is exactly what is generated here: its head.
    The branch is gone if somebody merged it at this moment."""
    git = context.repository
    head = git.fetch_branch(pull.head)
    if head is not None:
        written = snapshot.evidence(proposal.environment, head)
        proposal = stamped(snapshot, proposal, (written.logs if written else None) or {})
    base = git.run("merge-base", head or snapshot.commit, snapshot.commit)
    generated = git.commit_files(base, changed_files(proposal), title(proposal))
    if head not in (None, generated):
        raise HeldError(
            f"pull request #{pull.number} ({pull.head}) is not the generated rollback: somebody "
            "changed it. Read it and merge it by hand, or close it and run "
            f"`delivery rollback {proposal.environment}` again."
        )
    return generated
