"""What one job trained, laid out for another: `dvc.lock`, `params.yaml`, the metrics, the bytes.

    FOLDER/base      the commit that was trained
    FOLDER/dvc.lock  FOLDER/params.yaml  FOLDER/metrics.json
    FOLDER/train.json  FOLDER/export.json  the receipts of these stages, where they ran
    FOLDER/objects/<id>

The job that unpacks trusts none of it: it reads these names and no others, and every object has
to have the hash that it is called by.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery.context import Context
from delivery.documents import parse_yaml
from delivery.errors import InputError, StoreError
from delivery.release.training import STAGES, Receipt, read_receipt, receipt_file
from delivery.storage.dvc_lock import LOCK

PARAMS = "params.yaml"
METRICS = "artifacts/evaluation/metrics.json"
OBJECTS = "objects"
BASE = "base"
RECEIPTS = {stage: f"{stage}.json" for stage in STAGES}
LARGEST_TEXT = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """The texts of what was trained, its metrics, and the receipts of the sealed stages that ran,
    by stage."""

    base: str
    lock: str
    params: str
    metrics: Mapping[str, Any]
    receipts: Mapping[str, Receipt] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names the branch: the same training gives the same."""
        return hashlib.sha256(f"{self.lock}\0{self.params}".encode()).hexdigest()[:12]

    @property
    def headline(self) -> str:
        """What the data reaches to, for a title; empty where the parameters do not say."""
        params = parse_yaml(self.params, PARAMS)
        data = params.get("data") if isinstance(params, Mapping) else None
        until = data.get("until") if isinstance(data, Mapping) else None
        return f"data until {' '.join(str(until).split())[:60]}" if until else ""


def pack(context: Context, folder: Path) -> None:
    """Lay out the work tree's training in `folder`, which is made anew.

    Raises:
        InputError: there are other things in the folder.
        StoreError: the cache lacks some of the bytes.
    """
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if there - {BASE, LOCK, PARAMS, Path(METRICS).name, OBJECTS, *RECEIPTS.values()}:
        raise InputError(f"{folder} has other things in it; give an empty folder, or a new one")
    objects = context.store.objects()
    if lost := [oid for oid, file in objects.items() if not file.is_file()]:
        raise StoreError(f"the DVC cache lacks {len(lost)} objects; `dvc repro` makes them")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / OBJECTS).mkdir(parents=True)
    (folder / BASE).write_text(context.repository.commit("HEAD"), encoding="utf-8")
    for path in (LOCK, PARAMS, METRICS):
        shutil.copyfile(context.root / path, folder / Path(path).name)
    for stage, name in RECEIPTS.items():
        if (receipt := receipt_file(context.root, stage)).is_file():
            shutil.copyfile(receipt, folder / name)
    for oid, file in objects.items():
        shutil.copyfile(file, folder / OBJECTS / oid)


def unpack(context: Context, folder: Path) -> Packed:
    """Read what another job packed, and put its objects into the DVC cache.

    Raises:
        InputError: a file is missing, too large, or not what its name says.
        StoreError: an object has another hash than its name.
    """
    lock, params = (_text(folder / name) for name in (LOCK, PARAMS))
    base = _text(folder / BASE).strip()
    if not re.fullmatch("[0-9a-f]{40}", base):
        raise InputError(f"{folder / BASE} names no commit; train again")
    metrics = _json(folder / Path(METRICS).name)
    for name, text in ((LOCK, lock), (PARAMS, params)):
        if not isinstance(parse_yaml(text, name), Mapping):
            raise InputError(f"{folder / name} is no mapping; train again")
    receipts = {
        stage: read_receipt(_json(folder / name), stage)
        for stage, name in RECEIPTS.items()
        if (folder / name).exists()
    }
    objects = folder / OBJECTS
    if objects.is_dir():
        context.store.admit({file.name: file for file in sorted(objects.iterdir())})
    return Packed(base, lock, params, metrics, receipts)


def _text(file: Path) -> str:
    try:
        if file.is_symlink() or file.stat().st_size > LARGEST_TEXT:
            raise InputError(f"{file}: expected a small file; train again")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({error}); train again") from error


def _json(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(_text(file))
    except (ValueError, RecursionError) as error:  # of brackets alone
        raise InputError(f"{file} is not JSON; train again") from error
    return content if isinstance(content, dict) else {}
