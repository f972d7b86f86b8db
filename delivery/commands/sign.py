"""`delivery sign RELEASE`: vouch for a release that main has."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import RefusedError
from delivery.forge.protocol import Pull
from delivery.gates.supply_chain import signature
from delivery.gates.verdict import Verdict
from delivery.release.signature import new_signature
from delivery.state.record import record_path, sbom_path, signature_path
from delivery.trust.keys import SHOWN


@dataclass(frozen=True, slots=True)
class SignResult:
    """The signature's verdict and the pull request that brings it."""

    release: str
    verdict: Verdict
    pull: Pull


def sign(context: Context, release: str) -> SignResult:
    """Sign a release that main has, in place of the signature there is, by a pull request.

    Raises:
        RefusedError: this machine's key does not count in the first environment.
    """
    snapshot = context.snapshot()
    snapshot.record(release)
    bento = context.bento(snapshot, release)
    git = context.repository
    paths = (record_path(release), sbom_path(release))
    contents = {path: git.blob(snapshot.commit, path) for path in paths}
    beside = {path: content.decode() for path, content in contents.items() if content is not None}
    text, evidence = new_signature(context, snapshot, bento, beside)
    verdict = signature.judge(evidence)
    if verdict.status != "pass":
        raise RefusedError(f"{release} stays as it is: {verdict.why}")
    title = f"Sign {release} with key {str(verdict.details['key'])[:SHOWN]}"
    commit = git.commit_files(snapshot.commit, {signature_path(release): text}, title)
    head = f"sign/{release}"
    git.push_branch(commit, head)
    body = f"{title}.\n\nWhoever merges this says that `{release}` may be trusted.\n"
    pull = context.forge.open(head, title, body, ("signature",))
    return SignResult(release, verdict, pull)
