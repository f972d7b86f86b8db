"""Is what main wants a release that may run there? Judged from main and its events alone.

A pull request can put any text into `desired.yaml` and `evidence.json`, and a person can merge
it. So a deployment believes neither before it has seen the release go the way that every release
goes: it was proposed by `delivery`, which judged it, and verified upstream.

    promo/<env>/proposed/<sha256>    a tag: delivery proposed exactly these two files

On GitHub a ruleset lets nobody but Actions and the App create such a tag.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from delivery.errors import RefusedError
from delivery.gates.supply_chain import executes_code as executes
from delivery.gates.supply_chain import freshness
from delivery.gates.verdict import Verdict
from delivery.settings.overrides import overrides_of, require_allowed
from delivery.state.desired import desired_path, evidence_path
from delivery.state.events import State
from delivery.state.record import Record, record_path
from delivery.state.snapshot import Attempt, Snapshot

if TYPE_CHECKING:
    from delivery.release.candidate import Candidate


def unproven_because(snapshot: Snapshot, attempt: Attempt) -> str:
    """Why the wanted release must not start in its environment; empty where it may.

    Raises:
        InputError: main has no record of it.
    """
    desired = attempt.desired
    record = snapshot.record(desired.wanted.release)
    fresh = freshness_of(snapshot, attempt)
    if why := _other_bytes(record, attempt) or (fresh.why if fresh.status == "fail" else ""):
        return f"{why}. `delivery promote {attempt.environment}` judges a release and proposes it"
    if desired.is_rollback:
        return _never_ran_here(snapshot, attempt)
    return (
        _overridden(snapshot, attempt)
        or _may_not_run_code(snapshot, attempt, record)
        or _not_verified_upstream(snapshot, attempt)
        or _failed_before(snapshot, attempt)
    )


def _other_bytes(record: Record, attempt: Attempt) -> str:
    wanted = attempt.desired.wanted
    if record.bento_sha256 == wanted.bento_sha256:
        return ""
    return (
        f"desired.yaml gives {wanted.release} the bento {wanted.bento_sha256[:12]}…, its record "
        f"{record.bento_sha256[:12]}…"
    )


def proposal_tag(environment: str, desired: str, evidence: str) -> str:
    """The tag that says that delivery proposed these texts of the two files."""
    digest = hashlib.sha256(f"{desired}\0{evidence}".encode()).hexdigest()
    return f"promo/{environment}/proposed/{digest}"


def freshness_of(snapshot: Snapshot, attempt: Attempt, *, in_job: bool = False) -> Verdict:
    """Is the evidence beside desired.yaml what delivery proposed, and about these bytes?"""
    environment, wanted = attempt.environment, attempt.desired.wanted
    paths = desired_path(environment), evidence_path(environment)
    desired, text = (snapshot.text(attempt.commit, path) for path in paths)
    record = snapshot.text(snapshot.commit, record_path(wanted.release))
    evidence = freshness.Evidence(
        release=wanted.release,
        bento_sha256=wanted.bento_sha256,
        record_sha256=record_sha256(record),
        found=snapshot.evidence(environment, attempt.commit) or None,
        proposed=snapshot.has_tag(proposal_tag(environment, desired, text)),
        rollback=attempt.desired.is_rollback,
        in_job=in_job,
    )
    return freshness.judge(evidence, freshness.Policy())


def record_sha256(text: str) -> str:
    """Of the text of a record: how evidence names it."""
    return hashlib.sha256(text.encode()).hexdigest()


def may_run(snapshot: Snapshot, environment: str, candidate: Candidate) -> Verdict:
    """May a candidate's kind of model run there, by main's policy?"""
    return _may_run(snapshot, environment, candidate.contract.runtime == "python")


def _may_run(snapshot: Snapshot, environment: str, executes_code: bool) -> Verdict:
    allowed = snapshot.settings.environment(environment).executes_code
    evidence = executes.Evidence(environment, executes_code)
    return executes.judge(evidence, executes.Policy(executes_code=allowed))


def _may_not_run_code(snapshot: Snapshot, attempt: Attempt, record: Record) -> str:
    verdict = _may_run(snapshot, attempt.environment, record.executes_code)
    return f"{verdict.gate}: {verdict.why}" if verdict.status == "fail" else ""


def _overridden(snapshot: Snapshot, attempt: Attempt) -> str:
    """A gate that main's policy lets nobody override here, and that was."""
    evidence = snapshot.evidence(attempt.environment, attempt.commit)
    try:
        require_allowed(snapshot.settings, attempt.environment, overrides_of(evidence))
    except RefusedError as error:
        return str(error)
    return ""


def _never_ran_here(snapshot: Snapshot, attempt: Attempt) -> str:
    """A rollback skips most gates, so it goes only to what passed them in this environment, be it
    in a rehearsal."""
    release = attempt.desired.wanted.release
    for earlier in snapshot.history(attempt.environment):
        same = earlier.desired.wanted.release == release and not earlier.desired.is_rollback
        events = (*earlier.events, *earlier.elsewhere)
        if same and any(event.kind == "verified" for event in events):
            return ""
    return f"a rollback to {release}, which was never verified in {attempt.environment}"


def _not_verified_upstream(snapshot: Snapshot, attempt: Attempt) -> str:
    upstream = snapshot.settings.upstream(attempt.environment)
    release = attempt.desired.wanted.release
    if upstream is None or verified_at(snapshot, upstream, release) is not None:
        return ""
    return (
        f"{release} is not verified in {upstream}, so it may not run in {attempt.environment}; "
        f"`delivery promote {upstream} --release {release}` is the way"
    )


def _failed_before(snapshot: Snapshot, attempt: Attempt) -> str:
    """What failed here stays out until its promotion says why it may return."""
    release, environment = attempt.desired.wanted.release, attempt.environment
    for earlier in snapshot.history(environment):
        if earlier.commit == attempt.commit or earlier.desired.wanted.release != release:
            continue
        if not earlier.state.failed or snapshot.evidence(environment, attempt.commit).get("reason"):
            return ""
        return (
            f"{release} was {earlier.state.value} in {environment} and nobody said why it may "
            f'return; `delivery promote {environment} --release {release} --reason "…"`'
        )
    return ""


def verified_at(snapshot: Snapshot, environment: str, release: str) -> int | None:
    """How many attempts ago `release` was verified in an environment; None if it is not."""
    for age, attempt in enumerate(snapshot.history(environment)):
        if attempt.desired.wanted.release == release:
            return age if attempt.state is State.VERIFIED else None
    return None
