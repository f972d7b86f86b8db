"""`delivery verify ENV`: judge what is live again; what fails is not verified any more."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.commands.rollback import rollback
from delivery.context import Context
from delivery.deployment.reconcile import Deployment
from delivery.errors import HeldError
from delivery.gates.verdict import blocking
from delivery.judgement.judge import Judgement
from delivery.state.events import State


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The verdicts, and whether the release was revoked for them."""

    environment: str
    release: str
    judgement: Judgement
    revoked: bool


def verify(context: Context, environment: str, *, dry_run: bool) -> VerifyResult:
    """Put the active gates to the environment's own address.

    A failing gate revokes the release and rolls back; missing evidence only holds.
    """
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    release = attempt.desired.wanted.release
    if attempt.state is not State.VERIFIED or not attempt.desired.wanted.exists:
        raise HeldError(
            f"{environment} wants {release}, which is {attempt.state.value}; only a verified "
            f"release can be verified again. `delivery deploy {environment}`."
        )
    target = context.target(snapshot.settings, environment)
    if not target.lasting:
        raise HeldError(
            f"{environment} is rehearsed on this machine and nothing stays up, so nothing is live "
            "here to verify. Run this where the environment runs: docs/github.md, runners."
        )
    url = target.url
    judgement = Deployment(context, environment).judge(snapshot, attempt, url)
    failed = [verdict for verdict in blocking(judgement.verdicts) if verdict.status == "fail"]
    if failed and not dry_run:
        why = "; ".join(f"{verdict.gate}: {verdict.measured}" for verdict in failed)
        rollback(context, environment, reason=f"verified again and failed: {why}", dry_run=False)
    return VerifyResult(environment, release, judgement, bool(failed) and not dry_run)
