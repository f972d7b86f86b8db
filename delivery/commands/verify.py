"""`delivery verify ENV`: judge what is live again; what fails is not verified any more."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.active import judge_running
from delivery.deployment.fallback import roll_back
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import blocking
from delivery.targets.protocol import Instance, Target


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The verdicts, and whether the release was revoked for them."""

    environment: str
    release: str
    judgement: Judgement
    revoked: bool


def verify(context: Context, environment: str, *, dry_run: bool) -> VerifyResult:
    """Put the active gates to the environment's own address.

    A failing gate revokes the release and rolls back, or, where nothing else was verified, leaves
    it the traffic until a person decides. Missing evidence only holds.
    """
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    release = attempt.desired.wanted.release
    if attempt.state is not State.VERIFIED or not attempt.desired.wanted.exists:
        raise HeldError(
            f"{environment} wants {release}, which is {attempt.state.value}; only a verified "
            f"release can be verified again. `delivery deploy {environment}`."
        )
    target = context.target(attempt.environment)
    if not target.capabilities.lasting:
        raise HeldError(
            f"{environment} is rehearsed on this machine and nothing stays up, so nothing is live "
            "here to verify. Run this where the environment runs: docs/github.md, runners."
        )
    before = target.runtime.instances().get(release)
    judgement = judge_running(context, snapshot, attempt, target.router.url)
    failed = [verdict for verdict in blocking(judgement.verdicts) if verdict.status == "fail"]
    if failed:
        _require_same(before, target, release)
    if failed and not dry_run:
        why = "; ".join(f"{verdict.gate}: {verdict.measured}" for verdict in failed)
        roll_back(context, environment, f"verified again and failed: {why}")
    return VerifyResult(environment, release, judgement, bool(failed) and not dry_run)


def _require_same(before: Instance | None, target: Target, release: str) -> None:
    """HeldError if the verdicts may be about something else than the instance that was there: while
    it is mended, a neighbour may answer for it."""
    after = target.runtime.instances().get(release)
    mended = before is not None and after is not None and before.url != after.url
    if mended or target.router.problem():
        raise HeldError(
            f"{release} or its router was restarted while it was judged, so the verdicts are not "
            "about it alone and nothing is revoked. `delivery status` shows how it is; run this "
            "again."
        )
