"""Is what main wants a release that may run there? Judged from main and its events alone.

A pull request can put any text into `desired.yaml` and `evidence.json`, and a person can merge
it. So a deployment believes neither before it has seen the release go the way that every release
goes: it was proposed by `delivery`, which judged it, and verified upstream.

On GitHub a ruleset lets nobody but Actions and the App create the tag of a proposal.
"""

from __future__ import annotations

from delivery.context import Context
from delivery.errors import RefusedError
from delivery.evidence.supply_chain import executes_code, freshness
from delivery.gates.supply_chain import executes_code as executes_code_gate
from delivery.gates.supply_chain import freshness as freshness_gate
from delivery.gates.verdict import Verdict
from delivery.image.reference import IMAGE
from delivery.release.signature import require_signed
from delivery.settings.overrides import require_allowed
from delivery.state.desired import NONE, ReleaseRef
from delivery.state.history import Attempt, History
from delivery.state.record import Record
from delivery.state.snapshot import Snapshot


def unproven_because(snapshot: Snapshot, attempt: Attempt) -> str:
    """Why the wanted release must not start in its environment; empty where it may.

    Raises:
        InputError: main has no record of it.
    """
    desired = attempt.desired
    record = snapshot.record(desired.wanted.release)
    fresh = freshness_of(snapshot, attempt)
    stale = fresh.why if fresh.status == "fail" else ""
    if why := _other_bytes(record, attempt) or _by_tag(attempt) or stale:
        return f"{why}. `delivery promote {attempt.environment}` judges a release and proposes it"
    if desired.is_rollback:
        return _never_ran_here(snapshot, attempt)
    return (
        _overridden(snapshot, attempt)
        or _may_not_run_code(attempt, record)
        or _not_verified_upstream(snapshot, attempt)
        or _failed_before(snapshot, attempt)
    )


def open_because(history: History) -> str:
    """Why a file that wants nothing must not close the route; empty where it may."""
    environment, verified = history.environment, history.verified.release
    if not history.verified.exists:
        return ""
    return (
        f"main wants nothing there, and nobody closed the route, which leads to {verified}. "
        f'`delivery rollback {environment} --close --reason "…"` closes it, and '
        f"`delivery rollback {environment}` proposes {verified} again"
    )


def _other_bytes(record: Record, attempt: Attempt) -> str:
    wanted = attempt.desired.wanted
    if record.bento_sha256 == wanted.bento_sha256:
        return ""
    return (
        f"desired.yaml gives {wanted.release} the bento {wanted.bento_sha256[:12]}…, its record "
        f"{record.bento_sha256[:12]}…"
    )


def _by_tag(attempt: Attempt) -> str:
    """A tag alone: it can be moved to another image."""
    image = attempt.desired.wanted.image
    if not attempt.environment.runs_images or image == NONE or IMAGE.fullmatch(image):
        return ""
    return f"desired.yaml names the image {image!r}, expected NAME@sha256:…: a tag can be moved"


def freshness_of(snapshot: Snapshot, attempt: Attempt, *, in_job: bool = False) -> Verdict:
    """Is the evidence beside desired.yaml what delivery proposed, and about these bytes?"""
    return freshness_gate.judge(freshness.admit(snapshot, attempt, in_job=in_job))


def _may_not_run_code(attempt: Attempt, record: Record) -> str:
    verdict = executes_code_gate.judge(executes_code.admit(attempt, record))
    return f"{verdict.gate}: {verdict.why}" if verdict.status == "fail" else ""


def _overridden(snapshot: Snapshot, attempt: Attempt) -> str:
    """A gate that main's policy lets nobody override here, and that was."""
    evidence = snapshot.evidence(attempt.environment.name, attempt.commit)
    # Once accepted for a gate that no proposal is judged by: without effect, so without harm.
    gates = [name for name in evidence.reasons if name != "reproduction"] if evidence else []
    try:
        require_allowed(attempt.environment, sorted(gates))
    except RefusedError as error:
        return str(error)
    return ""


def _never_ran_here(snapshot: Snapshot, attempt: Attempt) -> str:
    """A rollback skips most gates, so it goes only to what passed them in this environment, be it
    in a rehearsal."""
    wanted, environment = attempt.desired.wanted, attempt.environment
    release = wanted.release
    if snapshot.history(environment.name).ever_verified(release, wanted.image):
        return ""
    return f"a rollback to {release}, which was never verified in {environment}"


def _not_verified_upstream(snapshot: Snapshot, attempt: Attempt) -> str:
    upstream, wanted = attempt.environment.upstream, attempt.desired.wanted
    release = wanted.release
    if (
        upstream is None
        or snapshot.history(upstream).verified_at(release, wanted.image) is not None
    ):
        return ""
    return (
        f"{release} is not verified in {upstream}, so it may not run in {attempt.environment}; "
        f"`delivery promote {upstream} --release {release}` is the way"
    )


def _failed_before(snapshot: Snapshot, attempt: Attempt) -> str:
    """What failed here stays out until its promotion says why it may return."""
    wanted, environment = attempt.desired.wanted, attempt.environment
    release = wanted.release
    others = snapshot.history(environment.name).of(release, wanted.image)
    earlier = next((other for other in others if other.commit != attempt.commit), None)
    if earlier is None or not earlier.state.failed:
        return ""
    evidence = snapshot.evidence(environment.name, attempt.commit)
    if evidence and evidence.reason:
        return ""
    return (
        f"{release} was {earlier.state.value} in {environment} and nobody said why it may "
        f'return; `delivery promote {environment} --release {release} --reason "…"`'
    )


def require_trusted(
    context: Context, snapshot: Snapshot, version: ReleaseRef, environment: str
) -> None:
    """RefusedError or HeldError unless `version` may start in `environment`."""
    signed = context.signature(snapshot, version.release, environment, version.image)
    require_signed(signed, version.release, environment)
