"""`dvc.lock`: what it names at a commit, and whether it describes this checkout.

Asked of what git holds: outputs need not be here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from delivery.bento.bento import MODEL
from delivery.documents import parse_yaml
from delivery.errors import InputError, StoreError
from delivery.git.repository import Repository
from delivery.storage.dvc import hush, opened

LOCK = "dvc.lock"
SPLITS = tuple(f"artifacts/data/{name}.parquet" for name in ("train", "validation", "holdout"))


def outputs(repository: Repository, commit: str) -> Mapping[str, str]:
    """Path → md5 of everything that `dvc.lock` names at `commit`."""
    text = repository.read(commit, LOCK)
    if text is None:
        raise InputError(
            f"commit {commit[:12]} has no dvc.lock, so nothing says which model it holds. "
            "`dvc repro && git add dvc.lock && git commit && dvc push`."
        )
    locked = _outputs(text)
    missing = [path for path in (MODEL, *SPLITS) if path not in locked]
    if missing:
        raise InputError(
            f"dvc.lock of commit {commit[:12]} does not name {', '.join(missing)}: the pipeline "
            "has not run to its end. `dvc repro`, commit dvc.lock, `dvc push`."
        )
    return locked


@cache
def _outputs(lock: str) -> Mapping[str, str]:
    """Path → md5, read once: a judgement asks several times, and YAML takes its time."""
    stages = (parse_yaml(lock, LOCK) or {}).get("stages", {})
    outs = [out for stage in stages.values() for out in stage.get("outs", ())]
    return {out["path"].rstrip("/"): out["md5"] for out in outs}


def stale(root: Path) -> list[str]:
    """The stages whose command, dependencies or parameters are not those that dvc.lock names.

    Raises:
        InputError: dvc.lock or dvc.yaml cannot be read.
    """
    lock = root / LOCK
    if lock.is_file():
        parse_yaml(lock.read_text(encoding="utf-8"), LOCK)  # DVC's own message names no cure
    hush()
    try:
        with opened(root) as repo:
            stages = [stage for stage in repo.index.stages if hasattr(stage, "name")]
            made = {out.fs_path: out for stage in stages for out in stage.outs}
            changed = {stage.name for stage in stages if any(_changes(stage, made))}
            return sorted(_with_followers(stages, changed))
    except StoreError as error:
        raise InputError(f"{error}. Mend it, then `dvc repro`.") from error


def require_in_step(root: Path) -> None:
    """InputError if dvc.lock does not describe the checkout."""
    names = stale(root)
    if names:
        raise InputError(
            f"dvc.lock is stale: {', '.join(names)} would not produce what it names. "
            "`dvc repro` runs them again; if it stops, first mend what it says above its last "
            "line. Then `git add dvc.lock && git commit -a` and `dvc push`."
        )


def _changes(stage: Any, made: dict[str, Any]) -> Iterator[bool]:
    """Whether the stage's command, its outputs and each of its dependencies differ."""
    yield stage.cmd_changed
    yield any(not out.hash_info for out in stage.outs)
    if stage.always_changed:
        yield _would_write(stage) != [out.hash_info.value for out in stage.outs]
    for dependency in stage.deps:
        producer = made.get(getattr(dependency, "fs_path", ""))
        if producer is not None:
            yield dependency.hash_info != producer.hash_info
        else:
            yield bool(dependency.status())


def _would_write(stage: Any) -> list[str]:
    """The hashes of what a stage that looks outside the pipeline would put out now. Its module
    says so by --digest, without any data under DVC.

    Raises:
        InputError: it cannot say.
    """
    module = stage.cmd.split()[-1]
    done = subprocess.run(
        [sys.executable, "-m", module, "--digest"],
        cwd=stage.wdir, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise InputError(done.stderr.strip() or f"{module} ended with {done.returncode}")
    return done.stdout.split()


def _with_followers(stages: list[Any], changed: set[str]) -> set[str]:
    """The stages that changed and all that use what those put out."""
    makers = {out.fs_path: stage.name for stage in stages for out in stage.outs}
    reached = set(changed)
    while True:
        more = {
            stage.name
            for stage in stages
            for dependency in stage.deps
            if makers.get(getattr(dependency, "fs_path", "")) in reached
        }
        if more <= reached:
            return reached
        reached |= more
