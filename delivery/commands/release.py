"""`delivery release`: package the model that main's dvc.lock names, and propose it."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.candidate import Candidate, candidate, record
from delivery.context import Context
from delivery.desired import Version
from delivery.forge.protocol import Pull
from delivery.judging import Judged, judge, require_pass
from delivery.promotion import Proposal, evidence, promotion, propose
from delivery.record import pointer_path, record_path, render_record
from delivery.report import markdown
from delivery.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """A release: its id, its verdicts and the pull request to the first environment."""

    release: str
    judged: Judged
    pull: Pull | None
    already: bool  # main knew this release before


def release(context: Context, *, reason: str, dry_run: bool) -> ReleaseResult:
    """Build once, judge by main's policy, store the bytes, propose the first promotion.

    Never trains: the bytes are those that dvc.lock names. Releasing the same bytes again adopts
    the record that is there.

    Raises:
        RefusedError, HeldError: a gate blocks; nothing was stored or proposed.
    """
    context.store.place()
    snapshot = context.snapshot()
    found = candidate(context, snapshot.commit)
    already = found.bento.id in snapshot.records()
    judged = judge(context, snapshot, found, snapshot.settings.gates, reason)
    require_pass(judged, f"release {found.bento.id}")
    if dry_run:
        return ReleaseResult(found.bento.id, judged, None, already)
    files = {} if already else _store(context, found)
    pull = _propose(context, snapshot, found, judged, files)
    return ReleaseResult(found.bento.id, judged, pull, already)


def _store(context: Context, found: Candidate) -> dict[str, str]:
    """Bytes first, then the record that names them."""
    context.progress(f"storing {found.bento.id}")
    pointer = context.store.put(found.bento.id, found.bento.path, found.commit)
    return {
        record_path(found.bento.id): render_record(record(found)),
        pointer_path(found.bento.id): pointer,
    }


def _propose(
    context: Context,
    snapshot: Snapshot,
    found: Candidate,
    judged: Judged,
    files: dict[str, str],
) -> Pull | None:
    environment = snapshot.settings.first
    if snapshot.attempt(environment).desired.wanted.release == found.bento.id:
        return None
    wanted = Version(found.bento.id, found.bento.sha256)
    judgement = judged.judgement
    proposal = Proposal(
        environment=environment,
        desired=promotion(environment, wanted, snapshot),
        evidence=evidence(
            environment,
            found.bento.id,
            judgement.verdicts,
            champion=judgement.champion,
            judged=judgement.evidence.get("judged"),
        ),
        report=markdown(judgement),
        files=files,
    )
    return propose(context, snapshot, proposal)
