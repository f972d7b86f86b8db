"""`delivery release`: package the model that main's dvc.lock names, and propose it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.bento.digest import manifest
from delivery.context import Context
from delivery.evidence.trial import Submission
from delivery.files import write_whole
from delivery.forge.protocol import Pull
from delivery.gates.supply_chain.signature import Evidence
from delivery.judgement.proposed import Judged, judge, require_pass
from delivery.promotion.proposal import Proposal, evidence, promotion, propose
from delivery.release.candidate import Candidate, candidate, record
from delivery.release.signature import new_signature
from delivery.report import markdown
from delivery.settings.host import append
from delivery.settings.overrides import Overrides, require_allowed
from delivery.state.desired import ReleaseRef
from delivery.state.record import (
    pointer_path,
    record_path,
    render_record,
    sbom_path,
    signature_path,
)
from delivery.state.snapshot import Snapshot
from delivery.storage.dvc_lock import LOCK


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """A release: its id, its verdicts and the pull request to the first environment. Without a
    release main has no model yet."""

    release: str | None = None
    judged: Judged | None = None
    pull: Pull | None = None
    already: bool = False  # main knew this release before


def release(context: Context, overrides: Overrides, *, dry_run: bool) -> ReleaseResult:
    """Build once, judge by main's policy, store the bytes, propose the first promotion.

    Never trains: the bytes are those that dvc.lock names; before main has one, there is nothing to
    do. Releasing the same bytes again adopts the record that is there.

    Raises:
        RefusedError, HeldError: a gate blocks, or must not be overridden; nothing was
            stored or proposed.
    """
    snapshot = context.snapshot()
    if context.repository.read(snapshot.commit, LOCK) is None:
        return ReleaseResult()
    context.store.place()
    environment = snapshot.environment(snapshot.settings.first)
    require_allowed(environment, overrides.gates)
    subject = candidate(context, snapshot.commit)
    already = subject.bento.id in snapshot.records()
    files, signed = _described(context, snapshot, subject, already)
    submission = Submission(context, snapshot, subject, environment, signed)
    judged = judge(submission, overrides, "release")
    require_pass(judged, f"release {subject.bento.id}")
    _lay_out_subjects(context, subject, judged.report.parent)
    if dry_run:
        return ReleaseResult(subject.bento.id, judged, None, already)
    if not already:
        context.progress(f"storing {subject.bento.id}")
        pointer = context.store.put(subject.bento.id, subject.bento.path, subject.commit)
        files[pointer_path(subject.bento.id)] = pointer
    if environment.runs_images:
        pull = _record(context, snapshot, subject.bento.id, judged, files)
    else:
        pull = _propose(context, snapshot, subject, judged, files)
    return ReleaseResult(subject.bento.id, judged, pull, already)


def _lay_out_subjects(context: Context, subject: Candidate, folder: Path) -> None:
    """What an attestation is about: the list of files whose hash is that of the bento, and the
    SBOM. They lie beside the report."""
    write_whole(folder / f"{subject.bento.id}.sha256", manifest(subject.bento.path))
    write_whole(folder / f"{subject.bento.id}.cdx.json", subject.sbom or "")
    append(context.surroundings.output, f"release={subject.bento.id}")


def _described(
    context: Context, snapshot: Snapshot, subject: Candidate, already: bool
) -> tuple[dict[str, str], Evidence]:
    """The record, the SBOM and the signature over both and the bento, and the evidence about it.

    Nothing for what main has already: that is adopted as it is.
    """
    release = subject.bento.id
    if already:
        return {}, context.signed(snapshot, release, snapshot.settings.first)
    assert subject.sbom is not None, "a candidate has one"
    files = {record_path(release): render_record(record(subject)), sbom_path(release): subject.sbom}
    text, signed = new_signature(context, snapshot, subject.bento.path, files)
    return {**files, signature_path(release): text}, signed


def _record(
    context: Context, snapshot: Snapshot, release: str, judged: Judged, files: dict[str, str]
) -> Pull | None:
    """The pull request of the record alone, where the first environment runs images: an image is
    made of what main has. None where main has it."""
    if not files:
        return None
    title, head = f"Record {release}", f"record/{release}"
    git = context.repository
    git.push_branch(git.commit_files(snapshot.commit, files, title), head)
    first = snapshot.settings.first
    body = (
        f"{title}.\n\n{first} runs images. After the merge, `delivery image build {release}` makes "
        f"one, `delivery image sign {release}` vouches for it, and `delivery promote {first} "
        f"--release {release}` proposes it.\n"
    )
    pull = context.forge.open(head, title, body, ("release",))
    context.forge.comment(pull.number, markdown(judged.judgement))
    return context.forge.pull(pull.number)


def _propose(
    context: Context,
    snapshot: Snapshot,
    subject: Candidate,
    judged: Judged,
    files: dict[str, str],
) -> Pull | None:
    environment = snapshot.settings.first
    if snapshot.attempt(environment).desired.wanted.release == subject.bento.id:
        return None
    wanted = ReleaseRef(subject.bento.id, subject.bento.sha256)
    path = record_path(subject.bento.id)
    judgement = judged.judgement
    proposal = Proposal(
        environment=environment,
        desired=promotion(environment, wanted, snapshot),
        evidence=evidence(
            environment,
            judgement,
            judged.overrides,
            files.get(path) or snapshot.text(snapshot.commit, path),
            context.surroundings.actor["name"] if judged.overrides.reason else "",
        ),
        report=markdown(judgement),
        files=files,
    )
    return propose(context, snapshot, proposal)
