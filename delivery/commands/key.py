"""`delivery key` and `delivery sign RELEASE`: who signs here, and vouching for a release."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import RefusedError
from delivery.forge.protocol import Pull
from delivery.gates.verdict import Verdict
from delivery.release.keys import SHOWN, SIGNING_KEY, own_file, own_public_key
from delivery.release.signature import new_signature
from delivery.state.record import record_path, sbom_path, signature_path


@dataclass(frozen=True, slots=True)
class KeyResult:
    """This machine's key: its id, its public half as PEM, and where the private half lies."""

    id: str
    pem: str
    where: str

    def lines(self, name: str) -> str:
        """The lines of delivery.yaml that let this key sign."""
        indented = "".join(f"      {line}\n" for line in self.pem.splitlines())
        return f"trust:\n  {name}:\n    key: |\n{indented}".rstrip("\n")


@dataclass(frozen=True, slots=True)
class SignResult:
    """The signature's verdict and the pull request that brings it."""

    release: str
    verdict: Verdict
    pull: Pull


def key(context: Context) -> KeyResult:
    """The public half of this machine's key, which is made if there is none."""
    environ = context.surroundings.environ
    found = own_public_key(environ, make=True)
    assert found is not None, "it was made"
    where = SIGNING_KEY if environ.get(SIGNING_KEY) else str(own_file(environ))
    return KeyResult(found.id, found.pem, where)


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
    beside = {path: found.decode() for path, found in contents.items() if found is not None}
    text, verdict = new_signature(context, snapshot, bento, beside)
    if verdict.status != "pass":
        raise RefusedError(f"{release} stays as it is: {verdict.why}")
    title = f"Sign {release} with key {str(verdict.details['key'])[:SHOWN]}"
    commit = git.commit_files(snapshot.commit, {signature_path(release): text}, title)
    head = f"sign/{release}"
    git.push_branch(commit, head)
    body = f"{title}.\n\nWhoever merges this says that `{release}` may be trusted.\n"
    pull = context.forge.open(head, title, body, ("signature",))
    return SignResult(release, verdict, pull)
