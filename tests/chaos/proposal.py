"""Propose a release as `delivery promote` does once its gates passed, which need a pipeline.

python -m tests.chaos.proposal ENV RELEASE
"""

from __future__ import annotations

import sys
from pathlib import Path

from delivery.context import Context
from delivery.files import temporary_files_in
from delivery.forge.protocol import Pull
from delivery.promotion.proposal import Proposal, promotion, propose
from delivery.state.desired import ReleaseRef
from delivery.state.evidence_file import EvidenceFile, JudgedBytes
from delivery.state.record import record_path, record_sha256


def propose_release(context: Context, environment: str, release: str) -> Pull:
    """The open pull request. Its reason lets a release return that was rolled back before."""
    snapshot = context.snapshot()
    wanted = ReleaseRef(release, snapshot.record(release).bento_sha256)
    evidence = EvidenceFile(
        schema_version=1,
        environment=environment,
        release=release,
        judged=JudgedBytes(candidate_sha256=wanted.bento_sha256),
        reason="chaos",
        record_sha256=record_sha256(snapshot.text(snapshot.commit, record_path(release))),
    )
    desired = promotion(environment, wanted, snapshot)
    pull = propose(context, snapshot, Proposal(environment, desired, evidence, "Judged.", {}))
    assert pull is not None
    return pull


if __name__ == "__main__":
    checkout = Context(Path.cwd(), print)
    with temporary_files_in(checkout.workspace / "tmp"):
        propose_release(checkout, *sys.argv[1:])
