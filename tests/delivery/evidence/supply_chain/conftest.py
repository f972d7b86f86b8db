"""The tiny bento on trial, trained at a commit whose sealed stages say what is true of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import file_hashes
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.supply_chain.training import statements
from delivery.evidence.trial import Trial
from tests.delivery.evidence.submitted import LOCKED, SOURCE, Desk, described, with_lock
from tests.delivery.evidence.trials import tiny_bento
from tests.delivery.place import environment
from tests.origin import Origin, make_origin

Stated = Callable[..., Trial]


@dataclass(frozen=True)
class Said:
    """What the stages said, by name, as a run of them writes it."""

    train: dict[str, Any]
    export: dict[str, Any]

    def files(self) -> Mapping[str, str]:
        return {
            f"artifacts/sealed/{name}.json": json.dumps(said) for name, said in vars(self).items()
        }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return make_origin(tmp_path)


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """What is true of `tiny_bento` and the splits beside it."""
    bento, data = with_lock(tiny_bento(tmp_path), LOCKED), tmp_path / "data"
    data.mkdir()
    for split in ("train", "validation"):
        (data / f"{split}.parquet").write_text(split)
    rows = {f"artifacts/data/{s}.parquet": sha256(s.encode()) for s in ("train", "validation")}
    code = {"model/fit.py": sha256(SOURCE["model/fit.py"].encode()), "model/.notes": "of nobody"}
    fitted = {"artifacts/trained/model.pkl": "a" * 64}
    model = {f"artifacts/model/{name}": value for name, value in file_hashes(bento.model).items()}
    held = ["files", "network"]
    return Said(
        {"held": held, "read": rows | code, "wrote": fitted, "platform": "A"},
        {"held": held, "read": rows | code | fitted, "wrote": model, "platform": "A"},
    )


@pytest.fixture
def stated(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stated:
    """The tiny bento on trial, trained at a commit whose statements are given; `beside` are more
    files of the commit."""

    def trial(
        said: Said | None, where: str = "staging", beside: Mapping[str, str] | None = None
    ) -> Trial:
        files = said.files() if said else {}
        locked = dict.fromkeys(files, "0")
        monkeypatch.setattr(statements, "outputs", lambda *_: locked)

        def get(self: object, commit: str, path: str, place: Path) -> Path:
            place.write_text(files[path])
            return place

        monkeypatch.setattr("delivery.storage.store.Store.get", get)
        made = described(Bento("r-1", tmp_path / "r-1"), origin.push({**SOURCE, **(beside or {})}))
        desk, data = Desk(origin, tmp_path), tmp_path / "data"
        neighbour = "staging" if where == "production" else None
        trial = desk.trial(made, where)
        there = replace(trial.submitted, environment=environment(where, upstream=neighbour))
        return replace(trial, evaluation=Evaluation(data), submission=there)

    return trial
