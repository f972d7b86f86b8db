from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.data.io import DATA, EVALUATION, METRICS, MODEL, TOLD, TRAINED
from pipeline.errors import PipelineError
from pipeline.sealed import launch
from pipeline.sealed.plan import plan
from tests.pipeline.sealed.conftest import Place

SPLITS = [DATA / "train.parquet", DATA / "validation.parquet"]


def test_stages_read_and_write_what_dvc_yaml_says(prepared: Place) -> None:
    train, evaluate, export = (
        plan(stage, prepared.path) for stage in ("train", "evaluate", "export")
    )
    assert (train.reads, train.writes) == (SPLITS, [TRAINED])
    assert evaluate.reads == [*SPLITS, TRAINED]
    kept = {EVALUATION / name for name in ("slices.json", "plots", "scores.parquet")}
    assert set(evaluate.writes) == {*kept, METRICS}
    assert (set(export.reads), export.writes) == ({*SPLITS, TRAINED, METRICS}, [MODEL])
    assert train.statement == Path("artifacts/sealed/train.json")
    assert launch.TOLD == TOLD


@pytest.mark.parametrize("name", ["data/table.csv", "model/../data", "model/absent.csv", "/etc"])
def test_inputs_lie_in_model(place: Place, name: str) -> None:
    place.params("train", inputs=[name])
    with pytest.raises(PipelineError, match="not a file or folder below model/"):
        plan("train", place.path)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("params.yaml", "data: [", "not YAML.*dvc repro"),
        ("dvc.yaml", "stages: {}", "no stage 'train'"),
    ],
)
def test_files_that_cannot_be_read(place: Place, file: str, text: str, told: str) -> None:
    (place.path / file).write_text(text)
    with pytest.raises(PipelineError, match=told):
        plan("train", place.path)


def test_what_is_missing_names_the_next_command(place: Place) -> None:
    (place.path / "params.yaml").unlink()
    with pytest.raises(PipelineError, match="git checkout"):
        plan("train", place.path)


def test_a_wrong_section_is_left_to_the_stage(place: Place) -> None:
    (place.path / "params.yaml").write_text("data: 1\n")
    assert list(plan("train", place.path).sources) == []
    assert "params.yaml" in place.run("train").stderr
