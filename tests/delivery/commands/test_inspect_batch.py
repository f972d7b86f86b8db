"""What a job published is checked by its hashes, and its model by the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.bento.digest import file_hashes
from delivery.commands.inspect_batch import InspectBatchResult, inspect_batch
from delivery.errors import InputError
from delivery.state.record import parse_record, record_path, render_record
from tests.delivery.place import World
from tests.origin import Origin
from tests.serving.batch.jobs import RELEASE, run_job, write_rows
from tests.serving.tiny import write_tiny_model


@pytest.fixture
def output(origin: Origin, tmp_path: Path) -> Path:
    """What a release made that main has a record of."""
    model = tmp_path / "model"
    write_tiny_model(model)
    run_job(model, write_rows(tmp_path / "in.parquet", hour=[24] + [5] * 299), tmp_path / "out")
    origin.want("staging", RELEASE)
    path = record_path(RELEASE)
    record = parse_record((origin.path / path).read_text(), path)
    changed = record.model_copy(update={"model": file_hashes(model)})
    origin.push({path: render_record(changed)})
    return tmp_path / "out"


def look(origin: Origin, output: Path) -> InspectBatchResult:
    return inspect_batch(World(origin.path, lambda _: None), str(output))


def test_results_in_order_show_where_they_come_from(origin: Origin, output: Path) -> None:
    result = look(origin, output)
    assert result.problems == ()
    assert result.release == RELEASE
    assert [check.found for check in result.findings] == [
        "4 files have the published hash",
        "300, each in one unit",
        "4 files, as the record has them",
    ]
    facts = dict(result.facts)
    assert facts["rows"] == "300: 299 scored, 1 refused"
    assert facts["input"].endswith("in.parquet")


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_bytes_that_changed_are_seen(origin: Origin, output: Path, kind: str) -> None:
    file = next(output.glob(f"units/*.{kind}"))
    file.write_bytes(file.read_bytes() + b" ")
    (problem,) = look(origin, output).problems
    assert problem.found == f"units/{file.name} has other bytes than were published"
    file.unlink()
    assert "is gone" in look(origin, output).problems[0].found


def test_a_unit_that_is_left_out_is_seen(origin: Origin, output: Path) -> None:
    manifest = json.loads((output / "manifest.json").read_text())
    del manifest["units"][1]
    (output / "manifest.json").write_text(json.dumps(manifest))
    (problem,) = look(origin, output).problems
    assert problem.found == "in.parquet: a unit begins at 200, not at 100"


def test_a_model_that_is_not_the_records_is_seen(origin: Origin, output: Path) -> None:
    manifest = json.loads((output / "manifest.json").read_text())
    manifest["files"]["model.onnx"] = "0" * 64
    (output / "manifest.json").write_text(json.dumps(manifest))
    (problem,) = look(origin, output).problems
    assert problem.name == "model"


def test_a_place_where_nothing_is_published(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no manifest.json"):
        look(origin, tmp_path)
    with pytest.raises(InputError, match="no file system"):
        inspect_batch(World(origin.path, lambda _: None), "nosuch://place")
