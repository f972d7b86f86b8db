"""A commit turned into something a gate can judge: its bento, and what is known of it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import MODEL, Bento
from delivery.bento.build import BATCH_LOCK, GPU_LOCK, build
from delivery.bento.digest import file_hashes, file_sha256
from delivery.bento.environment import LOCK
from delivery.bento.second_build import SecondBuild
from delivery.cache import Cache
from delivery.gates.supply_chain.reproducible_build import Evidence
from delivery.git.repository import Repository
from delivery.release.provenance import source
from delivery.release.sbom import make_sbom
from delivery.state.record import Platform, Record, Source, sbom_path
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout
from delivery.storage.dvc_lock import outputs
from serving.contract import Contract

LATER = (BATCH_LOCK, GPU_LOCK)  # older commits have none
INSIDE = ("service.py", "serving", "bentos", "requirements/serving.lock", *LATER)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a commit would release."""

    commit: str
    bento: Bento
    source: Source
    contract: Contract
    platform: Platform
    sbom: str | None  # None: a release from before there were SBOMs
    sbom_sha256: str | None  # as the record has it
    builds: Evidence | None = None  # two of them; None for a release, which is never rebuilt


def there(repository: Repository, commit: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The paths without the locks that the commit is older than."""
    missing = {path for path in LATER if repository.object_id(commit, path) is None}
    return tuple(path for path in paths if path not in missing)


def candidate(checkout: Checkout, commit: str) -> Candidate:
    """Build the bento of `commit`, twice; reuses what was built from the same bytes."""
    repository = checkout.repository
    locked = outputs(repository, commit)
    inputs = {path: repository.object_id(commit, path) for path in INSIDE}
    builds_before = Cache(checkout.workspace / "cache" / "built-twice")
    about = {**inputs, MODEL: locked[MODEL]}
    bentos = checkout.store.bentos
    bento = builds_before.get(about, lambda known: Bento(known["id"], bentos / known["id"]))
    if bento is None or not bento.path.is_dir():
        bento, builds = _build_twice(checkout, commit)
        if builds.first == builds.second:  # only then need nobody build it again
            builds_before.put(about, {"id": bento.id})
    else:
        inside = file_hashes(bento.path)
        builds = Evidence(inside, inside)
    checkout.progress(f"listing what {bento.id} installs")
    sbom = make_sbom(bento.path, checkout.workspace / "envs")
    return Candidate(
        commit=commit,
        bento=bento,
        source=source(repository, commit),
        contract=bento.contract,
        platform=this_platform(bento.path),
        sbom=sbom,
        sbom_sha256=hashlib.sha256(sbom.encode()).hexdigest(),
        builds=builds,
    )


def released(checkout: Checkout, snapshot: Snapshot, release: str) -> Candidate:
    """A release as it lies in the store. Nothing is built."""
    record = snapshot.record(release)
    path = checkout.store.bento(release, record.bento_sha256, snapshot.commit)
    bento = Bento(release, path)
    sbom = checkout.repository.blob(snapshot.commit, sbom_path(release))
    return Candidate(
        commit=record.made_from.commit,
        bento=bento,
        source=record.made_from,
        contract=bento.contract,
        platform=record.platform,
        sbom=sbom.decode() if sbom else None,
        sbom_sha256=record.sbom_sha256,
    )


def record(candidate: Candidate) -> Record:
    """The facts about the candidate's bytes."""
    return Record(
        id=candidate.bento.id,
        name=candidate.contract.name,
        task=candidate.contract.task,
        bento_sha256=candidate.bento.sha256,
        model=file_hashes(candidate.bento.model),
        made_from=candidate.source,
        platform=candidate.platform,
        trained_until=candidate.contract.trained_until,
        executes_code=candidate.contract.runtime == "python",
        sbom_sha256=candidate.sbom_sha256,
    )


def this_platform(bento: Path) -> Platform:
    """Where this process runs, and the lock that `bento` installs."""
    return Platform(
        os=platform.system().lower(),
        arch=platform.machine(),
        libc="-".join(platform.libc_ver()) or "unknown",
        python=platform.python_version(),
        lock_sha256=file_sha256(bento / LOCK),
    )


def _build_twice(checkout: Checkout, commit: str) -> tuple[Bento, Evidence]:
    """Two builds side by side, from clean checkouts in different places."""
    checkout.progress("building the bento, twice")
    place = checkout.workspace / "work" / f"source-{commit[:12]}-{os.getpid()}"
    try:
        with SecondBuild(place.with_name(f"{place.name}-again")) as second:
            _lay_out(checkout, commit, second.source)
            second.start()
            _lay_out(checkout, commit, place)
            bento = build(place, checkout.store.bentos)
            return bento, second.compare(bento.path)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _lay_out(checkout: Checkout, commit: str, folder: Path) -> None:
    """What a bento is made from, as it is at `commit`."""
    shutil.rmtree(folder, ignore_errors=True)
    repository = checkout.repository
    repository.archive(commit, there(repository, commit, INSIDE), folder)
    checkout.store.get(commit, MODEL, folder / MODEL)
