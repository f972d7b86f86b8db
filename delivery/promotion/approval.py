"""Did somebody else than who asked for a promotion approve it? GitHub keeps authors from approving
their own pull requests, but not a person from approving what a machine opened because they asked.
"""

from __future__ import annotations

from delivery.context import Context
from delivery.errors import HeldError
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot


def require_approved(context: Context, snapshot: Snapshot, attempt: Attempt) -> None:
    """HeldError where who asked is the only one who approved. Nothing is asked of a rollback, of
    what no person asked for, and where the forge cannot tell."""
    github = context.surroundings.github
    if attempt.desired.is_rollback or (github is not None and not github.token):
        return
    approval = context.forge.approval(attempt.commit)
    if approval is None:
        return
    environment, release = attempt.environment.name, attempt.desired.wanted.release
    evidence = snapshot.evidence(environment, attempt.commit)
    askers = {evidence.asked_by.lower() if evidence else "", approval.author} - {""}
    if not askers or approval.by - askers:
        return
    who = " and ".join(sorted(askers))
    where = f"pull request #{approval.number}" if approval.number else f"commit {attempt.commit}"
    raise HeldError(
        f"{who} asked for {release} in {environment}, and nobody else approved it. Somebody else "
        f"approves {where}, also now that it is merged, and then `delivery deploy {environment}`."
    )
