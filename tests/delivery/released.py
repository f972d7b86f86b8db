"""A signed release on a real origin, with a target in memory: what deploy gets to see."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.release.candidate import Candidate, record, this_platform
from delivery.release.sbom import make_sbom
from delivery.release.signing import sign
from delivery.state.record import Source, record_path, render_record, sbom_path, signature_path
from delivery.trust.keys import own_key
from serving.contract import read_contract
from tests.delivery.bentos import Bench
from tests.delivery.place import World
from tests.origin import Origin


class Real(World):
    """World with the bytes and the signatures of a real checkout; only the target is made up."""

    bento = Context.bento
    signature = Context.signature
    signed = Context.signed


@dataclass(frozen=True)
class Release:
    """A built bento and the texts beside it, by their paths in the repository."""

    id: str
    bento: Path
    texts: dict[str, str]

    def publish(self, origin: Origin, signature: str = "", message: str = "Release") -> None:
        """Put it on main, with its bytes where the store would have laid them out."""
        shutil.copytree(self.bento, origin.path / ".delivery" / "bentos" / self.id)
        files = self.texts | ({signature_path(self.id): signature} if signature else {})
        origin.push(files | {".gitignore": ".delivery/\n"}, message)

    def signature(self, key: str | None = None) -> str:
        """By this machine's key, or by another's private half."""
        own = key or own_key(os.environ, make=True)
        assert own is not None
        texts = {Path(path).name: text for path, text in self.texts.items()}
        return sign(self.id, self.bento, texts, own)


def make_candidate(bench: Bench, subject: Bento) -> Candidate:
    """What `delivery gate` makes of a bento, built once only."""
    sbom = make_sbom(subject.path, bench.workspace / "envs")
    return Candidate(
        commit="0" * 40,
        bento=subject,
        source=Source(commit="0" * 40, data="1" * 64, recipe="2" * 64),
        contract=read_contract(subject.model),
        platform=this_platform(subject.path),
        sbom=sbom,
        sbom_sha256=hashlib.sha256(sbom.encode()).hexdigest(),
    )


def make_release(bench: Bench, subject: Bento) -> Release:
    """The release that `delivery release` makes of a bento."""
    made = make_candidate(bench, subject)
    assert made.sbom is not None
    texts = {
        record_path(subject.id): render_record(record(made)),
        sbom_path(subject.id): made.sbom,
    }
    return Release(subject.id, subject.path, texts)
