"""`delivery promote ENV`: propose the release that is verified upstream."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.judgement.proposed import Judged, judge, require_pass
from delivery.promotion.admission import may_run, record_sha256, verified_at
from delivery.promotion.proposal import Proposal, evidence, promotion, propose
from delivery.release.candidate import released
from delivery.report import markdown
from delivery.settings.overrides import NO_APPEAL, Appeal, require_allowed
from delivery.state.desired import Version
from delivery.state.events import State
from delivery.state.record import record_path
from delivery.state.snapshot import Attempt, Snapshot


@dataclass(frozen=True, slots=True)
class PromoteResult:
    """The proposal. `pull` is None where the environment runs the release already, or where a
    person closed the pull request and nobody asked again."""

    environment: str
    release: str
    judged: Judged | None
    pull: Pull | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What to promote. Without a release: what upstream verified. `asked` by a person."""

    environment: str
    release: str | None = None
    appeal: Appeal = NO_APPEAL
    asked: bool = True
    dry_run: bool = False


def promote(context: Context, wish: Wish) -> PromoteResult:
    """Judge the release against the champion of today and open a pull request.

    Raises:
        InputError: no such environment or release.
        HeldError: it is not verified upstream, or it was rejected here before.
        RefusedError: a gate refuses it, or must not be overridden there.
    """
    snapshot = context.snapshot()
    require_allowed(snapshot.settings, wish.environment, wish.appeal.gates)
    release = _release(snapshot, wish)
    attempt = snapshot.attempt(wish.environment)
    if attempt.desired.wanted.release == release:
        return PromoteResult(wish.environment, release, None, None)
    _require_not_failed(snapshot, wish, release)
    _require_not_older(snapshot, attempt, release)
    found = released(context, snapshot, release)
    signed = context.signature(snapshot, release, wish.environment)
    code = may_run(snapshot, wish.environment, found)
    judged = judge(context, snapshot, found, wish.appeal, code, signed)
    require_pass(judged, f"promoting {release} to {wish.environment}")
    if wish.dry_run:
        return PromoteResult(wish.environment, release, judged, None)
    judgement = judged.judgement
    proposal = Proposal(
        environment=wish.environment,
        desired=promotion(wish.environment, Version(release, found.bento.sha256), snapshot),
        evidence=evidence(
            wish.environment,
            release,
            judgement.verdicts,
            champion=judgement.champion,
            judged=judgement.evidence.get("judged"),
            reason=wish.appeal.reason,
            overrides=wish.appeal.overrides,
            record_sha256=record_sha256(snapshot.text(snapshot.commit, record_path(release))),
        ),
        report=markdown(judgement),
        files={},
    )
    pull = propose(context, snapshot, proposal, asked=wish.asked)
    return PromoteResult(wish.environment, release, judged, pull)


def _release(snapshot: Snapshot, wish: Wish) -> str:
    """The release that is meant, verified upstream."""
    upstream = snapshot.settings.upstream(wish.environment)
    if upstream is None:
        if wish.release is None:
            raise InputError(
                f"{wish.environment} is the first environment, so nothing upstream says what to "
                f"promote. `delivery promote {wish.environment} --release ID`; main has "
                f"{', '.join(snapshot.records()) or 'no release yet'}."
            )
        return wish.release
    if wish.release is None:
        attempt = snapshot.attempt(upstream)
        if attempt.desired.wanted.exists and attempt.state is State.VERIFIED:
            return attempt.desired.wanted.release
        raise HeldError(
            f"{upstream} runs {attempt.desired.wanted.release}, which is {attempt.state.value} and "
            f"not verified. `delivery deploy {upstream}` first."
        )
    snapshot.record(wish.release)
    if verified_at(snapshot, upstream, wish.release) is None:
        raise HeldError(
            f"{wish.release} is not verified in {upstream}. "
            f"`delivery promote {upstream} --release {wish.release}` first."
        )
    return wish.release


def _require_not_failed(snapshot: Snapshot, wish: Wish, release: str) -> None:
    failed = snapshot.failed(wish.environment, release)
    if failed is not None and not wish.appeal.reason:
        raise HeldError(
            f"{release} was {failed.state.value} in {wish.environment} and stays out of it until "
            f"somebody says why it may return: `delivery promote {wish.environment} --release "
            f'{release} --reason "…"`.'
        )


def _require_not_older(snapshot: Snapshot, attempt: Attempt, release: str) -> None:
    """Refuse what upstream verified before the release that runs here."""
    upstream = snapshot.settings.upstream(attempt.environment)
    running = attempt.verified
    if upstream is None or not running.exists:
        return
    age = verified_at(snapshot, upstream, release)
    running_age = verified_at(snapshot, upstream, running.release)
    if age is not None and running_age is not None and age > running_age:
        raise HeldError(
            f"{attempt.environment} runs {running.release}, which {upstream} verified after "
            f"{release}. To go back: `delivery rollback {attempt.environment}`."
        )
