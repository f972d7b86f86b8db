"""Damaged and strange input, and a disk that fills up: a clear error, and nothing published."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.batch.errors import BadInput, BatchError
from serving.batch.writing.output import WRITING
from serving.contract import Task
from tests.checkout import ROOT
from tests.serving.batch.jobs import call, command, names, published, refused, run_job, write_rows
from tests.serving.tiny import WEIGHTS, tiny_frame


@pytest.fixture
def model(models: dict[Task, Path]) -> Path:
    return models["binary"]


@contextmanager
def suppress_named(beginning: str) -> Iterator[list[str]]:
    """What may fail, if it says where; gives what was said."""
    said: list[str] = []
    try:
        yield said
    except BatchError as error:
        said.append(str(error))
    assert not said or said[0].startswith(beginning), said


def assert_nothing_half(output: Path) -> None:
    """What is under its final name can be read, and there is no manifest."""
    for name in names(output):
        assert name != "manifest.json"
        if name.startswith(WRITING):
            continue  # of a process that was ended
        if name.endswith(".json"):
            json.loads((output / name).read_text())
        elif name.endswith(".parquet"):
            pq.read_table(output / name)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyarrow's
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_damaged_bytes(model: Path, tmp_path: Path, suffix: str, seed: int) -> None:
    """Cut off, or other bytes in the middle: refused with the file's name, or scored where what
    is left can be read."""
    dice = np.random.default_rng(seed)
    file = write_rows(tmp_path / f"in.{suffix}")
    content = bytearray(file.read_bytes())
    if seed % 2:
        del content[dice.integers(1, len(content)) :]
    else:
        place = int(dice.integers(0, len(content) - 20))
        content[place : place + 20] = dice.bytes(20)
    file.write_bytes(content)
    output = tmp_path / "out"
    with suppress_named(f"in.{suffix}: ") as failed:
        run_job(model, file, output)
    if failed and output.exists():
        assert_nothing_half(output)


STRANGE: dict[str, Any] = {
    "nested": pa.array([{"a": [1]}] * 3),
    "lists": pa.array([[1.0]] * 3),
    "bytes": pa.array([b"\xff"] * 3),
    "times": pa.array(pd.to_datetime(["2013-01-01"] * 3)),
    "unions": pa.array(["a"] * 3).dictionary_encode(),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_columns_of_other_types(model: Path, tmp_path: Path, kind: str) -> None:
    table = pa.Table.from_pandas(tiny_frame(3)[[*WEIGHTS, "id"]])
    table = table.set_column(table.column_names.index("distance"), "distance", STRANGE[kind])
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(BadInput, match=r"^in.parquet: column 'distance' is .*, expected a number"):
        run_job(model, tmp_path / "in.parquet", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_columns_that_nobody_asks_for_may_be_anything(model: Path, tmp_path: Path) -> None:
    table = pa.Table.from_pandas(tiny_frame(3)[[*WEIGHTS, "id"]])
    for kind, array in STRANGE.items():
        table = table.append_column(kind, array)
    pq.write_table(table, tmp_path / "in.parquet")
    run_job(model, tmp_path / "in.parquet", tmp_path / "out", columns=tuple(STRANGE))
    assert published(tmp_path / "out").column("nested").to_pylist() == [{"a": [1]}] * 3


def test_huge_texts(model: Path, tmp_path: Path) -> None:
    frame = tiny_frame(3)[[*WEIGHTS, "id"]]
    frame.loc[1, "carrier"] = "x" * 5_000_000
    frame.to_parquet(tmp_path / "in.parquet")
    frame.to_csv(tmp_path / "in.csv", index=False)
    frame.to_json(tmp_path / "in.jsonl", orient="records", lines=True)
    for name in ("in.parquet", "in.csv", "in.jsonl"):
        output = tmp_path / f"out-{name}"
        run_job(model, tmp_path / name, output)
        (problem,) = refused(output)
        assert (problem["row"], problem["field"], problem["reason"]) == (1, "carrier", "length")
        assert len(problem["value"]) < 100
    frame.loc[1, "carrier"] = "x" * 20_000_000
    frame.to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(BadInput, match=r"in.csv: cannot be read as csv from row \d+ on"):
        run_job(model, tmp_path / "in.csv", tmp_path / "out")


def test_a_csv_whose_quote_never_ends(model: Path, tmp_path: Path) -> None:
    frame = tiny_frame(300)[[*WEIGHTS, "id"]]
    frame.to_csv(tmp_path / "in.csv", index=False)
    text = (tmp_path / "in.csv").read_text().splitlines()
    text[100] = text[100].replace("3-", '"3-') if "3-" in text[100] else '"' + text[100]
    (tmp_path / "in.csv").write_text("\n".join(text) + "\n")
    with suppress_named("in.csv: cannot be read as csv") as failed:
        run_job(model, tmp_path / "in.csv", tmp_path / "out")
    assert failed or refused(tmp_path / "out"), "the rest of the file is one cell"


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_file_that_may_not_grow(model: Path, tmp_path: Path, processes: str) -> None:
    """As on a disk that is full: what was done is kept, and the same command goes on."""
    rows = write_rows(tmp_path / "in.parquet", 30_000)
    output = tmp_path / "out"
    options = ("--unit-rows", "10000", "--columns", "carrier", "--processes", processes)
    full = subprocess.run(
        command(model, rows, output, *options),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )  # fmt: skip
    assert full.returncode == 5, full.stderr
    assert full.stderr.startswith("error: "), full.stderr
    assert "no room left. Make room and run the same command again" in full.stderr
    assert_nothing_half(output)
    assert call(model, rows, output, *options).returncode == 0
    assert published(output).num_rows == 30_000


def test_a_disk_that_is_full(model: Path, tmp_path: Path) -> None:
    """Skipped where a small file system cannot be mounted."""
    rows, place = write_rows(tmp_path / "in.parquet", 30_000), tmp_path / "small"
    place.mkdir()
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    small = f'mount -t tmpfs -o size=64k tmpfs {place} && exec "$@"'
    if subprocess.run([*mounted, small, "sh", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    asked = command(model, rows, place / "out", "--unit-rows", "5000", "--processes", "1")
    done = subprocess.run(
        [*mounted, small, "sh", *asked],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "no room left" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--unit-rows", "0"), "expected 1 or more"),
        (("--max-refused", "2"), "expected a share from 0 to 1"),
        (("--input-format", "xml"), "invalid choice"),
    ],
)
def test_options_that_cannot_be(
    model: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = call(model, tmp_path / "in", tmp_path / "out", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_exit_code_and_the_line_of_each_end(model: Path, tmp_path: Path) -> None:
    done = call(model, tmp_path / "nothing.csv", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "no such file or folder" in done.stderr
    rows = write_rows(tmp_path / "in.csv", hour=24)
    done = call(model, rows, tmp_path / "out")
    assert done.returncode == 3
    assert "300 of 300 rows do not fit" in done.stderr
