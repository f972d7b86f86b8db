"""A job scores each row once, as the service does, and publishes what is complete."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from serving.batch.documents import Manifest
from serving.batch.errors import BadInput, Failed, Held, Refused
from serving.batch.job import Request, run
from serving.contract import Histogram, Output, Task
from tests.serving.batch.jobs import (
    RELEASE,
    names,
    published,
    refused,
    run_job,
    write_rows,
)
from tests.serving.conftest import TASKS
from tests.serving.tiny import WEIGHTS, tiny_frame, tiny_instances, write_tiny_model


@pytest.fixture
def model(models: dict[Task, Path]) -> Path:
    return models["binary"]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl", "csv.gz"])
@pytest.mark.parametrize("task", TASKS)
def test_rows_get_what_the_service_answers(
    models: dict[Task, Path],
    clients: dict[Task, TestClient],
    tmp_path: Path,
    suffix: str,
    task: Task,
) -> None:
    rows = write_rows(tmp_path / f"in.{suffix}") if suffix != "csv.gz" else tmp_path / "in.csv.gz"
    frame = tiny_frame(300)
    if suffix == "csv.gz":
        frame.to_csv(rows, index=False)
    manifest = run_job(models[task], rows, tmp_path / "out", columns=("carrier",))
    answers = clients[task].post("/predict", json={"instances": tiny_instances(frame)}).json()
    table = published(tmp_path / "out")
    assert table.column("row").to_pylist() == list(range(300))
    assert table.column("row_id").to_pylist() == frame["id"].tolist()
    assert table.column("carrier").to_pylist() == frame["carrier"].tolist()
    assert set(table.column("release").to_pylist()) == {RELEASE}
    assert set(table.column("file").to_pylist()) == {rows.name}
    scores = np.array(table.column("score").to_pylist())
    np.testing.assert_allclose(scores, answers["predictions"], rtol=0, atol=3e-7)
    if task != "regression":
        assert table.column("decision").to_pylist() == answers["decisions"]
    assert manifest.totals.model_dump() == {"rows": 300, "scored": 300, "refused": 0}
    assert [(unit.start, unit.end) for unit in manifest.units] == [(0, 100), (100, 200), (200, 300)]


def test_refused_rows_are_named_and_the_others_are_scored(
    model: Path, tmp_path: Path, output: Path
) -> None:
    distance = tiny_frame(300)["distance"].copy()
    distance[7], distance[250] = -1.0, np.nan
    rows = write_rows(tmp_path / "in.parquet", distance=distance)
    manifest = run_job(model, rows, output)
    assert manifest.totals.model_dump() == {"rows": 300, "scored": 298, "refused": 2}
    assert manifest.reasons == {"distance: range": 1, "distance: type": 1} or manifest.reasons == {
        "distance: range": 1,
        "distance: missing": 1,
    }
    first, second = refused(output)
    assert (first["file"], first["row"], first["field"]) == ("in.parquet", 7, "distance")
    assert (first["value"], first["reason"]) == ("-1.0", "range")
    assert first["expected"] == "a number (float32) from 0 to 10000 mi"
    assert second["row"] == 250
    assert set(range(300)) - set(published(output).column("row").to_pylist()) == {7, 250}


def test_more_refused_rows_than_allowed_fail_the_job_and_what_is_done_is_kept(
    model: Path, tmp_path: Path, output: Path
) -> None:
    rows = write_rows(tmp_path / "in.parquet", hour=[24] * 4 + [5] * 296)
    with pytest.raises(Refused, match=r"4 of 300 rows .* --max-refused allows 1.00%"):
        run_job(model, rows, output, max_refused=0.01)
    kept = names(output)
    assert "manifest.json" not in kept
    assert len(kept) == 3 * 2 + 1, "three records, three files of scores, one of refused rows"
    run_job(model, rows, output, max_refused=0.02)
    assert names(output) == kept | {"manifest.json"}, "nothing was scored again"


def test_a_job_of_bad_rows_gives_up_early(model: Path, tmp_path: Path, output: Path) -> None:
    rows = write_rows(tmp_path / "in.parquet", 30_000, hour=24)
    with pytest.raises(Refused):
        run_job(model, rows, output, max_refused=0.5, unit_rows=10_000)
    assert len(list(output.glob("units/*.json"))) == 1


def test_a_finished_job_is_not_done_again(model: Path, tmp_path: Path, output: Path) -> None:
    rows = write_rows(tmp_path / "in.parquet")
    first = run_job(model, rows, output)
    times = {name: (output / name).stat().st_mtime_ns for name in names(output)}
    assert run_job(model, rows, output) == first
    assert {name: (output / name).stat().st_mtime_ns for name in names(output)} == times


def test_another_job_does_not_go_to_the_same_place(
    model: Path, tmp_path: Path, output: Path
) -> None:
    rows = write_rows(tmp_path / "in.parquet")
    run_job(model, rows, output)
    with pytest.raises(BadInput, match="another job, or the input was another"):
        run_job(model, rows, output, columns=("carrier",))
    write_rows(tmp_path / "in.parquet", seed=1)
    with pytest.raises(BadInput, match="Name another OUTPUT"):
        run_job(model, rows, output)


def test_a_source_that_changed_between_two_runs_is_scored_anew(
    model: Path, tmp_path: Path, output: Path
) -> None:
    rows = write_rows(tmp_path / "in.parquet", hour=[24] * 200 + [5] * 100)
    with pytest.raises(Refused):
        run_job(model, rows, output, max_refused=0.1)
    write_rows(tmp_path / "in.parquet", seed=1)
    manifest = run_job(model, rows, output, max_refused=0.1)
    assert manifest.totals.scored == 300
    run_job(model, rows, tmp_path / "straight")
    assert published(output).equals(published(tmp_path / "straight"))


def test_a_source_that_changes_while_it_is_read_is_noticed(
    model: Path, tmp_path: Path, output: Path
) -> None:
    rows = write_rows(tmp_path / "in.parquet")

    def change(news: object) -> None:
        if not isinstance(news, Manifest) and getattr(news, "rows", 0) == 100:
            write_rows(tmp_path / "in.parquet", seed=1)

    request = Request(str(rows), str(output), model, RELEASE, unit_rows=100)
    with pytest.raises(BadInput, match=r"in.parquet: changed while it was read"):
        run(request, change)
    assert len(list(output.glob("units/*.json"))) == 1
    assert not (output / "manifest.json").exists()


def test_equal_files_are_scored_each(model: Path, tmp_path: Path, output: Path) -> None:
    """Also in folders below, and whatever lies beside them."""
    folder = tmp_path / "in"
    (folder / "day=2").mkdir(parents=True)
    write_rows(folder / "a.csv", 150)
    write_rows(folder / "day=2" / "a.csv", 150)
    (folder / "README.md").write_text("what this is\n")
    manifest = run_job(model, folder, output)
    assert [source.path for source in manifest.sources] == ["a.csv", "day=2/a.csv"]
    table = published(output)
    assert table.num_rows == 300
    assert table.column("file").to_pylist() == ["a.csv"] * 150 + ["day=2/a.csv"] * 150


def test_rows_that_are_not_there_are_a_job_too(model: Path, tmp_path: Path, output: Path) -> None:
    for suffix in ("parquet", "csv"):
        rows = write_rows(tmp_path / f"in.{suffix}", 0)
        manifest = run_job(model, rows, output / suffix)
        assert manifest.totals.rows == 0
        assert manifest.units == ()


def test_results_do_not_go_into_the_input(model: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "in.parquet")
    with pytest.raises(BadInput, match="lies in the input"):
        run_job(model, tmp_path, tmp_path / "out")


def test_results_that_somebody_removed_are_missed(
    model: Path, tmp_path: Path, output: Path
) -> None:
    rows = write_rows(tmp_path / "in.parquet", hour=[24] + [5] * 299)
    with pytest.raises(Refused):
        run_job(model, rows, output, max_refused=0.0)
    next(output.glob("units/*.parquet")).unlink()
    with pytest.raises(Failed, match="Remove units/"):
        run_job(model, rows, output)


def moved_model(folder: Path, low: float) -> Path:
    """A model whose scores lay between `low` and low + 0.2 in training."""
    edges = (low, low + 0.1, low + 0.2)
    histogram = Histogram(edges=edges, counts=(500, 500))
    score = Output(name="score", dtype="float32", histogram=histogram)
    write_tiny_model(folder, contract={"outputs": (score,)})
    return folder


def test_scores_that_moved_are_held_back_on_request(tmp_path: Path, output: Path) -> None:
    model = moved_model(tmp_path / "model", 0.79)
    rows = write_rows(tmp_path / "in.parquet", 1200)
    with pytest.raises(Held, match="no manifest names them"):
        run_job(model, rows, output, holds=True)
    assert not (output / "manifest.json").exists()
    manifest = run_job(model, rows, output)
    assert manifest.score is not None
    assert manifest.score.psi > 0.2
    assert (output / "manifest.json").exists()


def test_few_rows_are_not_held_back(tmp_path: Path, output: Path) -> None:
    model = moved_model(tmp_path / "model", 0.79)
    run_job(model, write_rows(tmp_path / "in.parquet", 999), output, holds=True)


def test_the_report_of_a_job_in_two_runs_is_that_of_one(
    model: Path, tmp_path: Path, output: Path
) -> None:
    """Counts of earlier runs are in the records of their units."""
    bad = [24] * 5 + [5] * 295
    rows = write_rows(tmp_path / "in.parquet", hour=bad)
    straight = run_job(model, rows, tmp_path / "straight")
    with pytest.raises(Refused):
        run_job(model, rows, output, max_refused=0.0)
    next(output.glob("units/*.json")).unlink()
    again = run_job(model, rows, output)
    assert again.inputs == straight.inputs
    assert (again.totals, again.reasons) == (straight.totals, straight.reasons)


def test_a_folder_that_is_full_of_other_things_is_no_input(
    model: Path, tmp_path: Path, output: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no rows\n")
    with pytest.raises(BadInput, match="no name of a known format"):
        run_job(model, tmp_path / "in", output)


def test_a_manifest_names_where_everything_came_from(
    model: Path, tmp_path: Path, output: Path
) -> None:
    rows = write_rows(tmp_path / "in.parquet")
    run_job(model, rows, output)
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["job"]["release"] == RELEASE
    assert set(manifest["files"]) == {file.name for file in model.iterdir()}
    assert manifest["address"] == str(rows)
    assert set(manifest["inputs"][0]) >= {"column", "psi", "missing", "unseen"}


def test_strings_are_scored_whatever_they_hold(model: Path, tmp_path: Path, output: Path) -> None:
    frame: pd.DataFrame = tiny_frame(3)[[*WEIGHTS, "id"]]
    frame["carrier"] = ['a "quoted", one', "two\nlines", "é" * 50]
    frame.to_csv(tmp_path / "in.csv", index=False)
    run_job(model, tmp_path / "in.csv", output, columns=("carrier",))
    assert published(output).column("carrier").to_pylist() == frame["carrier"].tolist()
