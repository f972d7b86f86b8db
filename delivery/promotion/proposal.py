"""Pull requests that change what an environment shall run: promotions and rollbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from delivery.context import Context
from delivery.errors import HeldError
from delivery.forge.protocol import Pull
from delivery.gates.judgement import Judgement
from delivery.git.refs import promotion_branch, rollback_branch
from delivery.report.cells import cell
from delivery.settings.overrides import Overrides
from delivery.state.desired import (
    NONE,
    Desired,
    ReleaseRef,
    desired_path,
    evidence_path,
    render_desired,
)
from delivery.state.evidence_file import EvidenceFile, JudgedBytes, lines, render_evidence
from delivery.state.record import record_sha256
from delivery.state.snapshot import Snapshot

PROMOTION, ROLLBACK = "promotion", "rollback"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pull request would change: one environment, and for a new release its record."""

    environment: str
    desired: Desired
    evidence: EvidenceFile
    report: str  # Markdown, the sticky comment
    files: Mapping[str, str]  # the record and the pointer, where main has none yet


def promotion(environment: str, wanted: ReleaseRef, snapshot: Snapshot) -> Desired:
    """`wanted` beside what is verified in `environment` now."""
    return Desired(wanted=wanted, previous=snapshot.history(environment).verified)


def evidence(
    environment: str, judgement: Judgement, overrides: Overrides, record: str, asked_by: str = ""
) -> EvidenceFile:
    """What a proposal says about a judged release; `record` is the text of its record.

    The reason of a person counts later: what failed in the environment returns by it. So does who
    asked: they may not be the only one who approves.
    """
    written = EvidenceFile(
        schema_version=1,
        environment=environment,
        release=judgement.candidate,
        verdicts=lines(judgement.verdicts),
        champion=judgement.champion,
        judged=JudgedBytes.model_validate(judgement.evidence.get("judged", {})),
        reason=overrides.reason,
        overrides=dict(overrides.reasons),
        record_sha256=record_sha256(record),
    )
    return written.model_copy(update={"asked_by": asked_by}) if asked_by else written


def propose(
    context: Context, snapshot: Snapshot, proposal: Proposal, *, by_person: bool = True
) -> Pull | None:
    """Open the pull request, or adopt the one there is, as it is then: somebody who proposed
    something else meanwhile may have closed it. Closes older ones for the environment.

    `by_person` is False where a machine promotes by itself: it leaves alone what a person closed,
    and gets None then.
    """
    proposal = stamped(snapshot, proposal, snapshot.ledger.heads(proposal.environment))
    kind = ROLLBACK if proposal.desired.is_rollback else PROMOTION
    head = _branch(proposal, snapshot)
    labels = (kind, f"{kind}:{proposal.environment}", f"environment:{proposal.environment}")
    before = context.forge.pulls(head=head)
    is_open = any(pull.state == "open" for pull in before)
    outdated = is_open and _outdated(context, snapshot, proposal, head)
    if not is_open or outdated:
        if not by_person and not is_open and before and before[-1].state == "closed":
            return None
        _make_way(context, snapshot, proposal, head)
        _push(context, snapshot, proposal, head)
    pull = context.forge.open(head, title(proposal), _body(proposal), labels)
    _let_one_stay(context, proposal.environment)
    if outdated or not context.forge.pull(pull.number).comment:
        context.forge.comment(pull.number, proposal.report)
    return context.forge.pull(pull.number)


def _outdated(context: Context, snapshot: Snapshot, proposal: Proposal, head: str) -> bool:
    """Is the branch on origin about an attempt that was replaced meanwhile, or does it conflict
    with main by now?"""
    git = context.repository
    if (commit := git.fetch_branch(head)) is None:
        return False
    written = snapshot.evidence(proposal.environment, commit)
    replaced = written is not None and written.replaces != proposal.evidence.replaces
    return replaced or git.merged_tree(snapshot.commit, commit) is None


def stamped(snapshot: Snapshot, proposal: Proposal, logs: Mapping[str, str]) -> Proposal:
    """With what it is about to replace, and what had happened then by the event logs."""
    replaces = snapshot.attempt(proposal.environment).commit
    seen = {"replaces": replaces, "logs": dict(logs)}
    return replace(proposal, evidence=proposal.evidence.model_copy(update=seen))


def _push(context: Context, snapshot: Snapshot, proposal: Proposal, head: str) -> None:
    """The branch, and the tag by which a deployment knows that delivery made it."""
    git, files, environment = context.repository, changed_files(proposal), proposal.environment
    commit = git.commit_files(snapshot.commit, files, title(proposal))
    desired, evidence = files[desired_path(environment)], files[evidence_path(environment)]
    context.events.propose(environment, snapshot.commit, desired, evidence)
    git.push_branch(commit, head)


def _make_way(context: Context, snapshot: Snapshot, proposal: Proposal, head: str) -> None:
    """Close what is open for the environment. A rollback does not give way to a promotion, while
    main wants what it rolls back."""
    environment = proposal.environment
    current = _current_rollback(snapshot, environment)
    for pull in _open_for(context, environment):
        if pull.head == head:  # somebody proposed the same
            continue
        if pull.head == current and not proposal.desired.is_rollback:
            raise HeldError(
                f"pull request #{pull.number} rolls {environment} back; merge or close it first"
            )
        context.forge.close(pull.number, f"superseded by {head}")


def _let_one_stay(context: Context, environment: str) -> None:
    """Of what was opened for the environment at the same moment one stays, whoever looks: the
    rollback of what main wants by now, else the newest promotion. What somebody rolled back at
    that moment is closed."""
    current = _current_rollback(context.snapshot(), environment)
    pulls = _open_for(context, environment)
    stays = max(
        (pull for pull in pulls if pull.head == current or ROLLBACK not in pull.labels),
        key=lambda pull: (pull.head == current, pull.number),
        default=None,
    )
    why = f"superseded by {stays.head}" if stays else "main wants something else by now"
    for pull in pulls:
        if pull != stays:
            context.forge.close(pull.number, why)


def _open_for(context: Context, environment: str) -> tuple[Pull, ...]:
    label = f"environment:{environment}"
    return tuple(pull for pull in context.forge.pulls(state="open") if label in pull.labels)


def _current_rollback(snapshot: Snapshot, environment: str) -> str:
    """The branch that rolls back what main wants."""
    return rollback_branch(environment, snapshot.attempt(environment).commit)


def changed_files(proposal: Proposal) -> Mapping[str, str]:
    """Path → text of everything that the pull request changes."""
    environment = proposal.environment
    return {
        **proposal.files,
        desired_path(environment): render_desired(proposal.desired),
        evidence_path(environment): render_evidence(proposal.evidence),
    }


def _branch(proposal: Proposal, snapshot: Snapshot) -> str:
    if proposal.desired.is_rollback:
        return _current_rollback(snapshot, proposal.environment)
    return promotion_branch(proposal.environment, proposal.desired.wanted.release)


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
        f"{_image(desired)}"
        f"| stays warm beside it | `{desired.previous.release}` |\n\n"
        f"{_overrides(proposal)}"
        f"Merging deploys it: `delivery deploy {proposal.environment}`. The evidence is in "
        f"`{evidence_path(proposal.environment)}`.\n"
    )


def _image(desired: Desired) -> str:
    image = desired.wanted.image
    return "" if image == NONE else f"| from the image | `{image}` |\n"


def _overrides(proposal: Proposal) -> str:
    """What a reviewer has to agree with beside the release itself."""
    lines = [
        f"- **{gate}** is overridden: {cell(reason)}\n"
        for gate, reason in proposal.evidence.overrides.items()
    ]
    return "".join(lines) + ("\n" if lines else "")
