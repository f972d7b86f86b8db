"""`delivery promote ENV`: propose the release that is verified upstream."""

from __future__ import annotations

from delivery.context import Context
from delivery.deployment.advance import PromoteRequest, PromoteResult, advance
from delivery.deployment.fallback import replay
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from delivery.settings.overrides import require_allowed
from delivery.settings.policy import Environment
from delivery.state.snapshot import Snapshot


def promote(context: Context, request: PromoteRequest) -> PromoteResult:
    """Judge the release against the champion of today and open a pull request.

    Raises:
        InputError: no such environment or release.
        HeldError: it is not verified upstream, or it was rejected here before.
        RefusedError: a gate refuses it, or must not be overridden there.
    """
    snapshot = context.snapshot()
    environment = snapshot.environment(request.environment)
    require_allowed(environment, request.overrides.gates)
    if not request.dry_run and replay(context, context.target(environment)):
        snapshot = context.snapshot()
    release = request.release or _verified_upstream(snapshot, environment)
    return advance(context, snapshot, request, release)


def _verified_upstream(snapshot: Snapshot, environment: Environment) -> str:
    """The release that the environment before runs, verified."""
    if environment.upstream is None:
        raise InputError(
            f"{environment} is the first environment, so nothing upstream says what to promote. "
            f"`delivery promote {environment} --release ID`; main has "
            f"{', '.join(snapshot.records()) or 'no release yet'}."
        )
    attempt = snapshot.attempt(environment.upstream)
    if attempt.desired.wanted.exists and attempt.state is State.VERIFIED:
        return attempt.desired.wanted.release
    raise HeldError(
        f"{environment.upstream} runs {attempt.desired.wanted.release}, which is "
        f"{attempt.state.value} and not verified. `delivery deploy {environment.upstream}` first."
    )
