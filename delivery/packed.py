"""What one job trained, laid out for another: `dvc.lock`, `params.yaml`, the metrics, the bytes.

    FOLDER/dvc.lock  FOLDER/params.yaml  FOLDER/metrics.json
    FOLDER/objects/<id>

The job that unpacks trusts none of it: it reads these names and no others, and every object has
to have the hash that it is called by.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.context import Context
from delivery.errors import InputError
from delivery.lock import LOCK
from delivery.settings import parse_yaml

PARAMS = "params.yaml"
METRICS = "artifacts/evaluation/metrics.json"
OBJECTS = "objects"
LARGEST_TEXT = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """The texts of what was trained, and its metrics."""

    lock: str
    params: str
    metrics: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Names the branch: the same training gives the same."""
        return hashlib.sha256(f"{self.lock}\0{self.params}".encode()).hexdigest()[:12]

    @property
    def headline(self) -> str:
        """What the data reaches to, for a title; empty where the parameters do not say."""
        params = parse_yaml(self.params, PARAMS) or {}
        until = (params.get("data") or {}).get("until") if isinstance(params, Mapping) else None
        return f"data until {until}" if until else ""


def pack(context: Context, folder: Path) -> None:
    """Lay out the work tree's training in `folder`, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in (LOCK, PARAMS, METRICS):
        shutil.copyfile(context.root / path, folder / Path(path).name)
    (folder / OBJECTS).mkdir()
    for oid, file in context.store.objects().items():
        shutil.copyfile(file, folder / OBJECTS / oid)


def unpack(context: Context, folder: Path) -> Packed:
    """Read what another job packed, and put its objects into the DVC cache.

    Raises:
        InputError: a file is missing, too large, or not what its name says.
        StoreError: an object has another hash than its name.
    """
    lock, params = (_text(folder / name) for name in (LOCK, PARAMS))
    metrics = _json(folder / Path(METRICS).name)
    for name, text in ((LOCK, lock), (PARAMS, params)):
        if not isinstance(parse_yaml(text, name), Mapping):
            raise InputError(f"{folder / name} is no mapping; train again")
    objects = folder / OBJECTS
    if objects.is_dir():
        context.store.admit({file.name: file for file in sorted(objects.iterdir())})
    return Packed(lock, params, metrics)


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
    except ValueError as error:
        raise InputError(f"{file} is not JSON; train again") from error
    return content if isinstance(content, dict) else {}
