"""A model folder loads and scores as it was trained, or stops the start with one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serving.contract import CONTRACT, EXAMPLES, EXPLAINER, MODEL, Task, read_contract
from serving.predict.loaded_model import CHECKSUMS, check_released, file_hashes, load_model
from serving.rows.validate import Validator
from serving.strict import DocumentError
from tests.serving.conftest import TASKS
from tests.serving.tiny import WEIGHTS, tiny_frame, tiny_instances, tiny_scores, write_tiny_model


@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_of_the_trained_model(models: dict[Task, Path], task: Task) -> None:
    frame = tiny_frame(500, seed=3, task=task)
    model = load_model(models[task])
    score = model.score(Validator(model.contract)(tiny_instances(frame)).columns)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, tiny_scores(frame, WEIGHTS, task), atol=1e-5)


def test_a_score_does_not_depend_on_the_rows_beside_it(models: dict[Task, Path]) -> None:
    rows = tiny_instances(tiny_frame(64, seed=4))
    model = load_model(models["binary"])
    validate = Validator(model.contract)
    together = model.score(validate(rows).columns)
    alone = [model.score(validate([row]).columns)[0] for row in rows]
    assert together.tolist() == [float(score) for score in alone]


def test_files_are_named_with_their_hashes(models: dict[Task, Path]) -> None:
    folder = models["binary"]
    assert load_model(folder).files == file_hashes(folder)
    assert set(file_hashes(folder)) == {MODEL, CONTRACT, EXAMPLES, EXPLAINER}


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return damage


def edit(**fields: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = json.loads((folder / CONTRACT).read_text()) | fields
        (folder / CONTRACT).write_text(json.dumps(content), encoding="utf-8")

    return damage


def edit_input(index: int, **fields: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = json.loads((folder / CONTRACT).read_text())
        content["inputs"][index] |= fields
        (folder / CONTRACT).write_text(json.dumps(content), encoding="utf-8")

    return damage


def drop_input(folder: Path) -> None:
    inputs = json.loads((folder / CONTRACT).read_text())["inputs"]
    edit(inputs=inputs[1:])(folder)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (remove(CONTRACT), "no such file"),
        (remove(MODEL), "no such file"),
        (remove(EXAMPLES), "no such file"),
        (write(CONTRACT, "{"), "not JSON"),
        (write(CONTRACT, "{}"), "name: missing"),
        (write(MODEL, "no graph"), "ONNX Runtime cannot load it"),
        (write(EXAMPLES, ""), "no examples"),
        (write(EXAMPLES, "[]\n"), "line 1 is not an example"),
        (
            write(EXAMPLES, '{"instance": {"hour": 99}, "prediction": 0.5}\n'),
            "row 0, distance: found no such field",
        ),
        (edit(runtime="python"), r"predictor/__init__\.py: no such file"),
        (edit_input(0, name="length"), "'distance' is not in the contract"),
        (edit_input(2, dtype="float32"), r"'hour' is tensor\(int64\), in the contract float32"),
        (edit_input(0, shape=[2]), "not \\[rows, "),
        (edit_input(2, nullable=True), "int64 cannot be nullable"),
        (edit(task="multiclass"), "a row's score is"),
        (drop_input, "'distance' is not in the contract"),
    ],
)
def test_a_misfit_stops_the_start_with_one_line(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    write_tiny_model(tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises(DocumentError, match=reason) as caught:
        load_model(tmp_path / "model")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "model") in str(caught.value)


def write_sums(folder: Path) -> None:
    lines = [f"{sha256}  {name}\n" for name, sha256 in file_hashes(folder).items()]
    (folder.parent / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize("name", [MODEL, CONTRACT, EXAMPLES])
def test_a_changed_byte_of_a_release_stops_the_start(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    write_tiny_model(folder)
    assert not check_released(folder), "a checkout's has to be loaded to know"
    write_sums(folder)
    load_model(folder)
    assert check_released(folder)
    (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
    for look in (load_model, check_released):
        with pytest.raises(DocumentError, match=f"{name}: not the bytes that were released"):
            look(folder)


def test_an_added_or_removed_file_of_a_release_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write_tiny_model(folder)
    (folder / "notes.txt").write_text("x")
    write_sums(folder)
    (folder / "notes.txt").rename(folder / "other.txt")
    with pytest.raises(DocumentError, match=r"notes\.txt: missing"):
        load_model(folder)
    (folder / "notes.txt").write_text("x")
    with pytest.raises(DocumentError, match=r"other\.txt: not the bytes"):
        load_model(folder)


def test_the_tiny_contract_survives_a_round_trip(models: dict[Task, Path]) -> None:
    assert read_contract(models["binary"]).classes == ("False", "True")
