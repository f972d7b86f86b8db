"""A commit turned into something a gate can judge: its bento, its data and its recipe."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.bento.build import Bento, build
from delivery.bento.digest import file_hashes, file_sha256
from delivery.bento.environment import LOCK
from delivery.bento.second_build import SecondBuild
from delivery.context import Context
from delivery.errors import InputError
from delivery.files import write_whole
from delivery.gates.supply_chain.reproducible_build import Evidence
from delivery.git import Repository
from delivery.release.sbom import make_sbom
from delivery.settings.policy import parse_yaml
from delivery.state.record import Platform, Record, Source, sbom_path
from delivery.state.snapshot import Snapshot
from serving.contract import Contract, read_contract

INSIDE = ("service.py", "serving", "bentos", "requirements/serving.lock")
RECIPE = ("model", "pipeline", "dvc.yaml", "requirements/pipeline.lock")
MODEL = "artifacts/model"
SPLITS = tuple(f"artifacts/data/{name}.parquet" for name in ("train", "validation", "holdout"))


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


def outputs(repository: Repository, commit: str) -> Mapping[str, str]:
    """Path → md5 of everything that `dvc.lock` names at `commit`."""
    text = repository.read(commit, "dvc.lock")
    if text is None:
        raise InputError(
            f"commit {commit[:12]} has no dvc.lock, so nothing says which model it holds. "
            "`dvc repro && git add dvc.lock && git commit && dvc push`."
        )
    stages = (parse_yaml(text, "dvc.lock") or {}).get("stages", {})
    outs = [out for stage in stages.values() for out in stage.get("outs", ())]
    found = {out["path"].rstrip("/"): out["md5"] for out in outs}
    missing = [path for path in (MODEL, *SPLITS) if path not in found]
    if missing:
        raise InputError(
            f"dvc.lock of commit {commit[:12]} does not name {', '.join(missing)}: the pipeline "
            "has not run to its end. `dvc repro`, commit dvc.lock, `dvc push`."
        )
    return found


def source(repository: Repository, commit: str) -> Source:
    """The hashes that say what a commit's model was made from."""
    locked = outputs(repository, commit)
    recipe = {path: repository.object_id(commit, path) for path in RECIPE}
    params = parse_yaml(repository.read(commit, "params.yaml") or "", "params.yaml") or {}
    params.pop("demo", None)
    (params.get("data") or {}).pop("until", None)
    return Source(
        commit=commit,
        data=_digest({path: locked[path] for path in SPLITS}),
        recipe=_digest({"code": recipe, "params": params}),
    )


def candidate(context: Context, commit: str) -> Candidate:
    """Build the bento of `commit`, twice; reuses what was built from the same bytes."""
    repository = context.repository
    locked = outputs(repository, commit)
    inputs = {path: repository.object_id(commit, path) for path in INSIDE}
    note = context.workspace / "cache" / "built-twice" / _digest({**inputs, MODEL: locked[MODEL]})
    bento = _built(note, context.store.bentos)
    if bento is None:
        bento, builds = _build_twice(context, commit)
        if builds.first == builds.second:  # only then need nobody build it again
            write_whole(note, json.dumps({"id": bento.id, "sha256": bento.sha256}))
    else:
        inside = file_hashes(bento.path)
        builds = Evidence(inside, inside)
    context.progress(f"listing what {bento.id} installs")
    sbom = make_sbom(bento.path, context.workspace / "envs")
    return Candidate(
        commit=commit,
        bento=bento,
        source=source(repository, commit),
        contract=read_contract(bento.path / "src" / MODEL),
        platform=this_platform(bento.path),
        sbom=sbom,
        sbom_sha256=hashlib.sha256(sbom.encode()).hexdigest(),
        builds=builds,
    )


def released(context: Context, snapshot: Snapshot, release: str) -> Candidate:
    """A release as it lies in the store. Nothing is built."""
    found = snapshot.record(release)
    path = context.store.bento(release, found.bento_sha256, snapshot.commit)
    bento = Bento(path, release, found.bento_sha256)
    sbom = context.repository.blob(snapshot.commit, sbom_path(release))
    return Candidate(
        commit=found.made_from.commit,
        bento=bento,
        source=found.made_from,
        contract=read_contract(path / "src" / MODEL),
        platform=found.platform,
        sbom=sbom.decode() if sbom else None,
        sbom_sha256=found.sbom_sha256,
    )


def data(context: Context, commit: str, *, held_by: str = "") -> Path:
    """The folder with the three splits of `commit`, by their hashes; `held_by` is a release that
    was made from them."""
    locked = outputs(context.repository, commit)
    wanted = {path: locked[path] for path in SPLITS}
    folder = context.workspace / "cache" / "data" / _digest(wanted)[:16]
    if not folder.is_dir():
        incoming = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir(parents=True)
        for path in SPLITS:
            context.store.get(commit, path, incoming / Path(path).name, held_by=held_by)
        incoming.rename(folder)
    return folder


def record(candidate: Candidate) -> Record:
    """The facts about the candidate's bytes."""
    model = candidate.bento.path / "src" / MODEL
    return Record(
        id=candidate.bento.id,
        name=candidate.contract.name,
        task=candidate.contract.task,
        bento_sha256=candidate.bento.sha256,
        model=file_hashes(model),
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


def _build_twice(context: Context, commit: str) -> tuple[Bento, Evidence]:
    """Two builds side by side, from clean checkouts in different places."""
    context.progress("building the bento, twice")
    place = context.workspace / "work" / f"source-{commit[:12]}-{os.getpid()}"
    try:
        with SecondBuild(place.with_name(f"{place.name}-again")) as second:
            _lay_out(context, commit, second.source)
            second.start()
            _lay_out(context, commit, place)
            bento = build(place, context.store.bentos)
            return bento, second.compare(bento.path)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _lay_out(context: Context, commit: str, folder: Path) -> None:
    """What a bento is made from, as it is at `commit`."""
    shutil.rmtree(folder, ignore_errors=True)
    context.repository.archive(commit, INSIDE, folder)
    context.store.get(commit, MODEL, folder / MODEL)


def _built(note: Path, bentos: Path) -> Bento | None:
    """The bento that `note` remembers, if it is still there."""
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    path = bentos / known["id"]
    return Bento(path, known["id"], known["sha256"]) if path.is_dir() else None


def _digest(content: Any) -> str:
    """sha256 over canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
