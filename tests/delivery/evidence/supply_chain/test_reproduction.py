"""A release is made anew by its revision alone; what cannot be is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.evidence.supply_chain.reproduction import elsewhere, remake, stages
from delivery.gates.supply_chain.reproduction import Evidence
from delivery.release.candidate import this_platform
from delivery.state.record import Record
from tests.delivery.evidence.submitted import LOCKED, with_lock
from tests.delivery.evidence.trials import tiny_bento
from tests.delivery.place import World
from tests.origin import Origin, record

ONE = "r-111111111111"
LOCK = """\
schema: '2.0'
stages:
  export:
    cmd: export
    deps:
    - {path: trained/, md5: t.dir}
    outs:
    - {path: model.onnx, md5: o}
  train:
    cmd: train
    deps:
    - {path: raw.txt, md5: r}
    outs:
    - {path: trained/, md5: t.dir}
"""
PIPELINE = {
    ".dvc/config": "",
    ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
    "dvc.yaml": "stages:\n  train:\n    cmd: echo the disk is full && false\n",
    "dvc.lock": LOCK,
    "requirements/pipeline.lock": "",
}


def test_a_stage_comes_after_those_whose_outputs_it_reads() -> None:
    train, export = stages(LOCK)
    assert (train.name, train.read, train.wrote) == (
        "train",
        {"raw.txt": "r"},
        {"trained": "t.dir"},
    )
    assert (export.name, export.read) == ("export", {"trained": "t.dir"})


def test_how_a_stage_was_sealed_is_not_compared() -> None:
    """A release that was trained on one kernel is the same on another, which holds less."""
    statement = "    - {path: artifacts/sealed/train.json, md5: s}\n"
    assert stages(LOCK + statement) == stages(LOCK)


def test_a_lock_without_stages_has_none() -> None:
    assert stages("") == stages("schema: '2.0'\n") == []


def test_stages_in_a_circle_are_an_error() -> None:
    with pytest.raises(InputError, match="in a circle"):
        stages(LOCK.replace("raw.txt", "model.onnx"))


@pytest.mark.parametrize("fact", ["os", "arch", "libc", "python", "lock_sha256"])
def test_another_platform_is_named_by_what_differs(tmp_path: Path, fact: str) -> None:
    bento = with_lock(tiny_bento(tmp_path), LOCKED).path
    here = this_platform(bento)
    made = record(ONE).model_copy(update={"platform": here})
    assert elsewhere(made, bento) == ()
    then = made.model_copy(update={"platform": here.model_copy(update={fact: "amiga"})})
    assert elsewhere(then, bento) == (f"{fact} {getattr(here, fact)}, recorded amiga",)


def made_from(commit: str) -> Record:
    made = record(ONE)
    return made.model_copy(
        update={"made_from": made.made_from.model_copy(update={"commit": commit})}
    )


def made_anew(origin: Origin, commit: str, folder: Path) -> Evidence:
    world = World(origin.path, lambda _: None)
    return remake(world, world.snapshot(), made_from(commit), folder)


def test_a_revision_that_is_not_here_is_an_error(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="made from commit 000000000000, which is not here"):
        made_anew(origin, "0" * 40, tmp_path / "again")
    commit = origin.push({"x": "1"})
    with pytest.raises(InputError, match=r"has no dvc\.lock"):
        made_anew(origin, commit, tmp_path / "again")


def test_a_pipeline_that_fails_is_told_beside_what_was_recorded(
    origin: Origin, tmp_path: Path
) -> None:
    commit = origin.push(PIPELINE)
    settings = (origin.path / "delivery.yaml").read_text()
    settings = settings.replace("reproduce: bytes", "reproduce: metrics")
    origin.push({"dvc.yaml": "stages: {}\n", "delivery.yaml": settings})
    evidence = made_anew(origin, commit, tmp_path / "again")
    assert "`dvc repro` failed" in evidence.missing
    assert "train" in evidence.missing
    assert ([stage.name for stage in evidence.recorded], evidence.again) == (
        ["train", "export"],
        (),
    )
    assert evidence.level == "metrics"
