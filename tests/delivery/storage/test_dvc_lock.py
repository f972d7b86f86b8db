"""Is dvc.lock in step with the checkout? Asked of a real DVC repository, without its outputs."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from delivery.bento.bento import MODEL
from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.storage.dvc_lock import SPLITS, outputs, require_in_step, stale
from tests.delivery.conftest import repro
from tests.origin import Origin

LOCK = "stages:\n  train:\n    outs:\n" + "".join(
    f"    - path: {path}\n      md5: {'a' * 32}\n" for path in (MODEL, *SPLITS)
)


def edit(pipeline: Origin, name: str, old: str, new: str) -> None:
    file = pipeline.path / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def test_what_was_just_trained_is_in_step(pipeline: Origin) -> None:
    require_in_step(pipeline.path)


def test_a_clone_without_any_bytes_is_in_step(pipeline: Origin) -> None:
    shutil.rmtree(pipeline.path / "artifacts")
    shutil.rmtree(pipeline.path / ".dvc/cache")
    assert stale(pipeline.path) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "stages"),
    [
        ("raw.txt", "one", "two", ["ingest", "train"]),
        ("train.sh", "mkdir", "# new\nmkdir", ["train"]),
        ("params.yaml", "2013-06", "2013-07", ["ingest", "train"]),
        ("params.yaml", "depth: 3", "depth: 4", ["train"]),
        ("params.yaml", "  depth: 3", "  other: 3", ["train"]),
        ("dvc.yaml", "sh train.sh", "sh ./train.sh", ["train"]),
        ("dvc.yaml", "deps: [raw.txt]", "deps: [raw.txt, train.sh]", ["ingest", "train"]),
        ("dvc.yaml", "[artifacts/model]", "[artifacts/model, artifacts/more]", ["train"]),
    ],
)
def test_each_kind_of_change_makes_it_and_what_follows_stale(
    pipeline: Origin, name: str, old: str, new: str, stages: list[str]
) -> None:
    edit(pipeline, name, old, new)
    assert stale(pipeline.path) == stages


def test_a_parameter_that_no_stage_reads_changes_nothing(pipeline: Origin) -> None:
    edit(pipeline, "params.yaml", "  depth: 3\n", "  depth: 3\n  unread: 1\n")
    assert stale(pipeline.path) == []


def test_a_dependency_that_is_gone_is_a_change(pipeline: Origin) -> None:
    (pipeline.path / "raw.txt").unlink()
    assert stale(pipeline.path) == ["ingest", "train"]


def test_an_output_without_a_hash_is_stale(pipeline: Origin) -> None:
    lock = pipeline.path / "dvc.lock"
    content = parse_yaml(lock.read_text(), "dvc.lock")
    content["stages"]["train"]["outs"].pop()
    lock.write_text(json.dumps(content))
    assert stale(pipeline.path) == ["train"]


def test_a_lock_from_two_trainings_is_stale(pipeline: Origin) -> None:
    """Each half fits the code, but the second stage used other data than the first put out."""
    lock = pipeline.path / "dvc.lock"
    content = parse_yaml(lock.read_text(), "dvc.lock")
    used = next(x for x in content["stages"]["train"]["deps"] if x["path"] == "artifacts/data.txt")
    used["md5"] = "0" * 32
    lock.write_text(json.dumps(content))
    assert stale(pipeline.path) == ["train"]


def test_without_a_lock_everything_is_stale(pipeline: Origin) -> None:
    (pipeline.path / "dvc.lock").unlink()
    with pytest.raises(InputError, match=r"stale: ingest, train .*`dvc repro`"):
        require_in_step(pipeline.path)


def test_after_a_training_that_failed_the_message_sends_to_its_cause(pipeline: Origin) -> None:
    (pipeline.path / "train.sh").write_text("echo no label; exit 1\n")
    failed = subprocess.run(["dvc", "repro"], cwd=pipeline.path, capture_output=True, check=False)
    assert failed.returncode != 0
    with pytest.raises(InputError, match=r"stale: train .*if it stops, first mend what it says"):
        require_in_step(pipeline.path)


def test_what_a_person_edits_among_the_outputs_is_not_what_git_says(pipeline: Origin) -> None:
    (pipeline.path / "artifacts/data.txt").write_text("edited")
    assert stale(pipeline.path) == []


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml"])
def test_a_conflict_is_named_with_its_file(pipeline: Origin, name: str) -> None:
    file = pipeline.path / name
    file.write_text(f"<<<<<<< HEAD\n{file.read_text()}=======\n>>>>>>> other\n")
    with pytest.raises(InputError, match=name):
        stale(pipeline.path)


@pytest.mark.parametrize("text", ["- a list\n", "stages: [\n", "schema: '2.0'\nstages: 3\n"])
def test_a_lock_that_is_none_is_bad_input(pipeline: Origin, text: str) -> None:
    (pipeline.path / "dvc.lock").write_text(text)
    with pytest.raises(InputError, match=r"dvc\.lock"):
        stale(pipeline.path)


LOOK = """\
import hashlib, pathlib, sys
seen = pathlib.Path("outside.txt").read_bytes()
if "--digest" in sys.argv:
    print(hashlib.md5(seen).hexdigest())
else:
    pathlib.Path("seen.txt").write_bytes(seen)
"""
STAGE = """\
  look:
    cmd: python -m look
    always_changed: true
    outs: [seen.txt]
"""


@pytest.fixture
def looking(pipeline: Origin) -> Origin:
    """With a stage that looks outside, on which ingest depends."""
    (pipeline.path / "look.py").write_text(LOOK)
    (pipeline.path / "outside.txt").write_text("one")
    edit(pipeline, "dvc.yaml", "deps: [raw.txt]", "deps: [raw.txt, seen.txt]")
    with (pipeline.path / "dvc.yaml").open("a") as file:
        file.write(STAGE)
    repro(pipeline.path)
    return pipeline


def test_a_stage_that_looks_outside_is_asked_what_it_would_see(looking: Origin) -> None:
    (looking.path / "seen.txt").unlink()
    assert stale(looking.path) == []
    (looking.path / "outside.txt").write_text("two")
    assert stale(looking.path) == ["ingest", "look", "train"]
    assert not (looking.path / "seen.txt").exists()


def test_a_stage_that_cannot_look_outside_says_why(looking: Origin) -> None:
    (looking.path / "outside.txt").unlink()
    with pytest.raises(InputError, match=r"No such file.*outside\.txt"):
        stale(looking.path)


def test_the_hashes_of_a_commit_are_those_that_its_lock_names(origin: Origin) -> None:
    commit = origin.push({"dvc.lock": LOCK})
    origin.push({"dvc.lock": LOCK.replace("a" * 32, "b" * 32)})
    assert outputs(origin.repository, commit) == dict.fromkeys((MODEL, *SPLITS), "a" * 32)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"x": "y"}, "has no dvc.lock"),
        ({"dvc.lock": LOCK.replace(SPLITS[-1], "elsewhere")}, f"does not name {SPLITS[-1]}"),
        ({"dvc.lock": ""}, f"does not name {MODEL}"),
    ],
)
def test_a_commit_without_a_model_or_data_says_what_is_missing(
    origin: Origin, files: dict[str, str], text: str
) -> None:
    commit = origin.push(files)
    with pytest.raises(InputError, match=text):
        outputs(origin.repository, commit)
