"""Which images of a release main vouches for, and whether that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from delivery.gates.supply_chain.signature import Carried
from delivery.image.reference import Reference
from delivery.release.images.statement import (
    SignedStatement,
    Statement,
    claims,
    prefix,
    read_statement,
)
from delivery.release.signature import evidence_about
from delivery.release.signing import Signature
from delivery.settings.policy import Environment
from delivery.state.desired import NONE, ReleaseRef
from delivery.state.record import FOLDER
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout


@dataclass(frozen=True, slots=True)
class Published:
    """A statement on main, and when it came there."""

    signed: SignedStatement
    at: datetime

    @property
    def statement(self) -> Statement:
        return self.signed.statement


def published(checkout: Checkout, snapshot: Snapshot, release: str) -> Sequence[Published]:
    """All statements about images of `release`, the newest first.

    Raises:
        InputError: one cannot be read.
    """
    git = checkout.repository
    names = (f"{FOLDER}/{name}" for name in git.names(snapshot.commit, FOLDER))
    statements = [
        Published(read_statement(snapshot.text(snapshot.commit, path), path), _came(checkout, path))
        for path in names
        if path.startswith(prefix(release))
    ]
    return sorted(statements, key=lambda each: each.at, reverse=True)


def carried(
    checkout: Checkout, snapshot: Snapshot, version: ReleaseRef, environment: str
) -> Carried:
    """Who vouches for the image of `version`: evidence for the gate `signature`.

    Raises:
        InputError: the image is named by a tag, or a statement cannot be read.
    """
    release = version.release
    how = (
        f"`delivery image build {release} --base … --push …` makes one, and `delivery image sign "
        f"{release} …` vouches for it"
    )
    if version.image == NONE:
        missing = (
            f"{environment} runs images alone, and desired.yaml names none of {release}. {how}; "
            f"`delivery promote {environment} --release {release}` then names it"
        )
        return Carried(NONE, (), missing)
    image = Reference.parse(version.image, f"image of {release} in desired.yaml")
    wanted = claims(release, snapshot.record(release).bento_sha256, image.digest)
    evidence = [
        evidence_about(
            checkout, snapshot, environment,
            (Signature(each.signed.bundle, each.statement.claims), wanted, each.at),
        )
        for each in published(checkout, snapshot, release)
        if each.statement.image.digest == image.digest
    ]  # fmt: skip
    return Carried(str(image), evidence, f"main has no statement about {image}. {how}")


def named(
    checkout: Checkout, snapshot: Snapshot, environment: Environment, version: ReleaseRef
) -> ReleaseRef:
    """`version` with the newest image that main has of it, where `environment` runs images and
    none was wanted: it was verified as processes, or it was never here."""
    if not (environment.runs_images and version.exists and version.image == NONE):
        return version
    newest = next(iter(published(checkout, snapshot, version.release)), None)
    return replace(version, image=str(newest.statement.image)) if newest else version


def _came(checkout: Checkout, path: str) -> datetime:
    git = checkout.repository
    return datetime.fromisoformat(git.run("show", "-s", "--format=%cI", git.last_change(path)))
