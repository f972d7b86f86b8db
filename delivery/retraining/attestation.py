"""Whether a training can be attested, and the statement that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from delivery.ci.handoff import Packed
from delivery.context import Context
from delivery.git.command import GitError
from delivery.git.reading import MAIN
from delivery.git.repository import Repository
from delivery.release.training import FILE, STAGES, Training, lock_sha256
from delivery.trust.keys import Role, own_key

# What a branch may change: what sealed stages run sealed, and what no training runs. Anything else
# that lies in a checkout may decide how its stages are sealed.
OWN = ("README.md", "data", "docs", "dvc.lock", "model", "params.yaml", "tests", FILE)
NAMED = 3  # files that a reason names


def attestation(context: Context, packed: Packed, trained: str) -> Mapping[str, str]:
    """Path → text of the statement that this machine's key signs; empty where it cannot vouch,
    and the reason is told.

    `trained` is the commit that was checked out to train. Whoever runs jobs says it, not the job
    that trained.
    """
    reason = _reason(context, packed, trained)
    if reason:
        context.progress(f"the training is not attested: {reason}")
        return {}
    pem = own_key(context.surroundings.environ, make=True)
    assert pem is not None, "it was made"
    stages = {stage: packed.receipts[stage] for stage in STAGES}
    commit = context.repository.commit(trained)
    training = Training(commit=commit, lock=lock_sha256(packed.lock), stages=stages)
    return {FILE: training.signed(pem)}


def _reason(context: Context, packed: Packed, trained: str) -> str:
    """Why nobody can vouch for it; empty where this machine can."""
    if not trained:
        return "nobody says which commit was trained; `--trained COMMIT` does"
    try:
        others = _not_mains(context.repository, trained)
    except GitError:
        return f"origin has no commit {trained[:12]}, which was trained"
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        return f"not main's code ran: {trained[:12]} changes {', '.join(others[:NAMED])}{more}"
    restored = [stage for stage in STAGES if stage not in packed.receipts]
    if restored:
        return f"{' and '.join(restored)} did not run: what they made was there or was restored"
    if not all(packed.receipts[stage].was_sealed for stage in STAGES):
        return "it ran unsealed, on a kernel without Landlock"
    surroundings = context.surroundings
    if surroundings.is_hosted and not surroundings.environ.get(Role.RELEASES.variable):
        return f"this job has no {Role.RELEASES.variable}, and its own key would end with it"
    return ""


def _not_mains(repository: Repository, commit: str) -> Sequence[str]:
    """Paths beside OWN in which `commit` differs from the commit of main that it comes from."""
    base = repository.run("merge-base", commit, MAIN)
    but = [f":(exclude){path}" for path in OWN]
    return repository.run("diff", "--name-only", base, commit, "--", ".", *but).splitlines()
