"""What is built twice is not built a third time, unless the two differ or the bento is gone."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.bento.bento import MODEL, Bento
from delivery.bento.build import BATCH_LOCK, GPU_LOCK
from delivery.gates.supply_chain.reproducible_build import Evidence
from delivery.release import candidate as module
from delivery.release.candidate import INSIDE, candidate, there
from delivery.release.provenance import source
from delivery.storage.dvc_lock import SPLITS
from tests.origin import Origin
from tests.serving.tiny import write_tiny_model

LOCK = "stages:\n  train:\n    outs:\n" + "".join(
    f"    - path: {path}\n      md5: {'a' * 32}\n" for path in (MODEL, *SPLITS)
)
FOLDERS = ("model", "pipeline", "serving", "bentos")
FILES = {
    **{f"{folder}/x": "one\n" for folder in FOLDERS},
    **dict.fromkeys(("service.py", "requirements/serving.lock", "requirements/pipeline.lock"), "1"),
    "dvc.yaml": "stages: {}\n",
    "dvc.lock": LOCK,
}
SAME, OTHER = {"a": "1"}, {"a": "2"}


class Builder:
    """A checkout whose bento takes no time to build; `builds` says how often it was."""

    def __init__(self, origin: Origin, second: dict[str, str]) -> None:
        self.second, self.builds = second, 0
        self.bentos = origin.path / ".delivery" / "bentos"
        self.checkout: Any = SimpleNamespace(
            repository=origin.repository,
            workspace=origin.path / ".delivery",
            store=SimpleNamespace(bentos=self.bentos),
            progress=lambda _: None,
        )

    def __call__(self, *_: object) -> tuple[Bento, Evidence]:
        self.builds += 1
        bento = Bento("r-1", self.bentos / "r-1")
        write_tiny_model(bento.model, "binary")
        lock = bento.path / module.LOCK
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text("numpy==1\n")
        return bento, Evidence(SAME, self.second)


def built(
    origin: Origin, monkeypatch: pytest.MonkeyPatch, second: dict[str, str]
) -> tuple[Builder, str]:
    commit = origin.push(FILES)
    builder = Builder(origin, second)
    monkeypatch.setattr(module, "_build_twice", builder)
    monkeypatch.setattr(module, "make_sbom", lambda *_: "{}")
    return builder, commit


def test_the_same_bytes_are_built_once(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    builder, commit = built(origin, monkeypatch, SAME)
    first, second = (candidate(builder.checkout, commit) for _ in range(2))
    assert builder.builds == 1
    assert first.bento == second.bento
    assert second.builds is not None
    assert second.builds.first == second.builds.second
    assert second.source == source(origin.repository, commit)


def test_other_bytes_are_built_again(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    builder, commit = built(origin, monkeypatch, SAME)
    candidate(builder.checkout, commit)
    candidate(builder.checkout, origin.push({"service.py": "two\n"}))
    candidate(builder.checkout, origin.push({"docs/x.md": "not inside\n"}))
    assert builder.builds == 2


def test_two_builds_that_differ_are_not_remembered(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, commit = built(origin, monkeypatch, OTHER)
    made = [candidate(builder.checkout, commit) for _ in range(2)]
    assert builder.builds == 2
    assert all(each.builds == Evidence(SAME, OTHER) for each in made)


def test_a_bento_that_is_gone_is_built_again(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, commit = built(origin, monkeypatch, SAME)
    candidate(builder.checkout, commit)
    shutil.rmtree(builder.bentos)
    assert candidate(builder.checkout, commit).bento.path.is_dir()
    assert builder.builds == 2


def test_what_is_inside_is_a_path_of_this_repository() -> None:
    root = Path(module.__file__).parents[2]
    assert [path for path in INSIDE if not (root / path).exists()] == []


def test_a_commit_from_before_a_lock_does_without_it(origin: Origin) -> None:
    old = origin.push({"service.py": "x\n"})
    assert set(INSIDE) - set(there(origin.repository, old, INSIDE)) == {BATCH_LOCK, GPU_LOCK}
    mid = origin.push({BATCH_LOCK: "pyarrow==1\n"})
    assert set(INSIDE) - set(there(origin.repository, mid, INSIDE)) == {GPU_LOCK}
    new = origin.push({GPU_LOCK: "onnxruntime-gpu==1\n"})
    assert there(origin.repository, new, INSIDE) == INSIDE
