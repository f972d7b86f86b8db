"""Propose a release to an environment: for a person, or once the one before verified it."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import HeldError
from delivery.events.experiments import running
from delivery.evidence.trial import Submission
from delivery.forge.protocol import Pull
from delivery.judgement.proposed import Judged, judge, require_pass
from delivery.promotion.proposal import Proposal, evidence, promotion, propose
from delivery.release.candidate import released
from delivery.report import markdown
from delivery.settings.overrides import NO_OVERRIDES, Overrides
from delivery.state.desired import NONE, ReleaseRef
from delivery.state.history import Attempt
from delivery.state.record import record_path
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class PromoteResult:
    """The proposal. `pull` is None where the environment runs the release already, or where a
    person closed the pull request and no person asks again."""

    environment: str
    release: str
    judged: Judged | None
    pull: Pull | None


@dataclass(frozen=True, slots=True)
class PromoteRequest:
    """What to promote. Without a release: what upstream verified."""

    environment: str
    release: str | None = None
    overrides: Overrides = NO_OVERRIDES
    by_person: bool = True
    dry_run: bool = False


def advance(
    context: Context, snapshot: Snapshot, request: PromoteRequest, release: str
) -> PromoteResult:
    """Judge `release` against the champion of today and open a pull request.

    Raises:
        InputError: no such environment or release.
        HeldError: it is not verified upstream, or it was rejected here before.
        RefusedError: a gate refuses it.
    """
    attempt = snapshot.attempt(request.environment)
    image = _image(context, snapshot, attempt, release)
    require_admissible(snapshot, request, release, image)
    if _is_wanted(attempt, release, image):
        return PromoteResult(request.environment, release, None, None)
    if experiment := running(attempt.events):
        raise HeldError(
            f"an experiment with {experiment.challenger} runs in {attempt.environment}, beside "
            f"{experiment.champion}. Wait for its end, or `delivery experiment stop "
            f'{attempt.environment} --reason "…"`.'
        )
    candidate = released(context, snapshot, release)
    signed = context.signed(snapshot, release, request.environment, image)
    submission = Submission(context, snapshot, candidate, attempt.environment, signed)
    judged = judge(submission, request.overrides, "promote")
    require_pass(judged, f"promoting {release} to {request.environment}")
    if request.dry_run:
        return PromoteResult(request.environment, release, judged, None)
    wanted = ReleaseRef(release, candidate.bento.sha256, image)
    asked_by = context.surroundings.actor["name"] if request.by_person else ""
    proposal = _proposal(snapshot, request, wanted, judged, asked_by)
    pull = propose(context, snapshot, proposal, by_person=request.by_person)
    return PromoteResult(request.environment, release, judged, pull)


def require_admissible(
    snapshot: Snapshot, request: PromoteRequest, release: str, image: str = NONE
) -> None:
    """HeldError where events are in doubt, or the release may not go there by what is known."""
    attempt = snapshot.attempt(request.environment)
    for name in filter(None, (request.environment, attempt.environment.upstream)):
        snapshot.ledger.doubts(name).require_none()
    _require_verified_upstream(snapshot, attempt, release, image)
    if not _is_wanted(attempt, release, image):
        _require_not_failed(snapshot, request, release, image)
        _require_not_older(snapshot, attempt, release)


def _is_wanted(attempt: Attempt, release: str, image: str) -> bool:
    """Does main want it there? One that names no image yet is wanted anew once there is one."""
    wanted = attempt.desired.wanted
    return wanted.release == release and image in (NONE, wanted.image)


def _image(context: Context, snapshot: Snapshot, attempt: Attempt, release: str) -> str:
    """What `release` shall run from: what upstream verified it from, else the newest image that
    main has of it; `none` where no images run, and where there is none."""
    environment = attempt.environment
    if not environment.runs_images:
        return NONE
    upstream = environment.upstream
    above = snapshot.history(upstream).version(release) if upstream else ReleaseRef(release)
    return context.version(snapshot, environment.name, above).image


def _proposal(
    snapshot: Snapshot, request: PromoteRequest, wanted: ReleaseRef, judged: Judged, asked_by: str
) -> Proposal:
    judgement = judged.judgement
    record = snapshot.text(snapshot.commit, record_path(wanted.release))
    return Proposal(
        environment=request.environment,
        desired=promotion(request.environment, wanted, snapshot),
        evidence=evidence(request.environment, judgement, request.overrides, record, asked_by),
        report=markdown(judgement),
        files={},
    )


def _require_verified_upstream(
    snapshot: Snapshot, attempt: Attempt, release: str, image: str
) -> None:
    upstream = attempt.environment.upstream
    if upstream is None:
        return
    snapshot.record(release)
    if snapshot.history(upstream).verified_at(release, image) is None:
        raise HeldError(
            f"{release} is not verified in {upstream}. "
            f"`delivery promote {upstream} --release {release}` first."
        )


def _require_not_failed(
    snapshot: Snapshot, request: PromoteRequest, release: str, image: str
) -> None:
    failed = snapshot.history(request.environment).failed(release, image)
    if failed is not None and not request.overrides.reason:
        raise HeldError(
            f"{release} was {failed.state.value} in {request.environment} and stays out of it "
            f"until somebody says why it may return: `delivery promote {request.environment} "
            f'--release {release} --reason "…"`.'
        )


def _require_not_older(snapshot: Snapshot, attempt: Attempt, release: str) -> None:
    """Refuse what upstream verified before the release that runs here."""
    upstream = attempt.environment.upstream
    running = snapshot.history(attempt.environment.name).verified
    if upstream is None or not running.exists:
        return
    history = snapshot.history(upstream)
    age, running_age = history.verified_at(release), history.verified_at(running.release)
    if age is not None and running_age is not None and age > running_age:
        raise HeldError(
            f"{attempt.environment} runs {running.release}, which {upstream} verified after "
            f"{release}. To go back: `delivery rollback {attempt.environment}`."
        )
