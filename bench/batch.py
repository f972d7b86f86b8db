"""What batch scoring costs beside raw ONNX Runtime on one Parquet file: `python -m bench.batch`.

It takes the model and the data of `dvc repro`, repeats the rows, and prints tables, of which
docs/batch.md has a part. Rounds take turns. Processor time is told beside the clock, since it
depends less on who else uses the machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.generator import MissingError
from serving.batch.job import Request, run
from serving.batch.reading.chunk import WINDOW
from serving.contract import read_contract
from serving.predict.loaded_model import load_model

MODEL, DATA = Path("artifacts/model"), Path("artifacts/data/train.parquet")
ROUNDS = 3
ROWS = 1_000_000
CELLS = (1_000_000, 10_000_000, 100_000_000)
GROUP = 1024 * 1024  # rows: what pyarrow writes by default
SPAWN = multiprocessing.get_context("spawn")
WARM = "warm.parquet"  # beside the file that is measured
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock and of processors, with those of children, and memory at most, bytes."""

    clock: float
    processor: float
    memory: int


def write_rows(file: Path, rows: int, columns: Sequence[str]) -> None:
    """The columns of the data, over and over, in `rows` rows."""
    data = pq.read_table(DATA, columns=list(columns))
    left = rows
    writer = pq.ParquetWriter(file, data.schema)
    while left:
        parts: list[pa.Table] = []
        room = min(GROUP, left)
        while room:
            parts.append(data.slice(0, room))
            room -= parts[-1].num_rows
        table = pa.concat_tables(parts)
        writer.write_table(table, row_group_size=GROUP)
        left -= table.num_rows
    writer.close()


def raw(file: Path, _: Path, __: int) -> None:
    """Read and score, and nothing else: no look at a value, no result kept."""
    model = load_model(MODEL)
    names = [spec.name for spec in model.contract.inputs]
    kinds = {spec.name: spec.dtype for spec in model.contract.inputs}
    reader = pq.ParquetFile(file, pre_buffer=False, buffer_size=MB)
    for batch in reader.iter_batches(4 * WINDOW, columns=names, use_threads=False):
        arrays = {}
        for name in names:
            values = batch.column(batch.schema.get_field_index(name))
            array = values.to_numpy(zero_copy_only=False)
            kind = np.object_ if kinds[name] == "string" else kinds[name]
            arrays[name] = array.astype(kind, copy=False)
        for start in range(0, batch.num_rows, WINDOW):
            model.engine({name: array[start : start + WINDOW] for name, array in arrays.items()})


def batch(file: Path, output: Path, processes: int) -> None:
    """A job: read, validate, score, count, write, publish."""
    request = Request(str(file), str(output), MODEL, "r-000000000000", processes=processes)
    run(request, lambda _: None)


def measured(what: Callable[[Path, Path, int], None], file: Path, processes: int = 1) -> Cost:
    """In a process of its own, so that memory is that of this alone."""
    here, there = SPAWN.Pipe()
    with tempfile.TemporaryDirectory(dir=file.parent) as output:
        child = SPAWN.Process(
            target=_measure, args=(what, file, Path(output) / "out", processes, there)
        )
        child.start()
        cost: Cost = here.recv()
        child.join()
    return cost


def _measure(
    what: Callable[[Path, Path, int], None], file: Path, output: Path, processes: int, there: object
) -> None:
    what(file.with_name(WARM), output.with_name("warm"), 1)  # imports are paid for
    clock, before = time.perf_counter(), _processor()
    what(file, output, processes)
    cost = Cost(time.perf_counter() - clock, _processor() - before, _memory())
    there.send(cost)  # type: ignore[attr-defined]


def _processor() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


def _memory() -> int:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024


def speed(folder: Path, columns: Sequence[str], rows: int, rounds: int) -> None:
    """Rows a second, and what share of raw ONNX Runtime's that is, by rounds."""
    file = folder / "speed.parquet"
    write_rows(file, rows, columns)
    pairs = [(measured(raw, file), measured(batch, file)) for _ in range(rounds)]
    for name, kind in (("raw ONNX Runtime", 0), ("batch", 1)):
        by_clock = rows / median(pair[kind].clock for pair in pairs)
        by_processor = rows / median(pair[kind].processor for pair in pairs)
        print(f"| {name} | {by_clock:,.0f} | {by_processor:,.0f} |")
    for what in ("clock", "processor"):
        ratios = [getattr(pair[0], what) / getattr(pair[1], what) for pair in pairs]
        print(f"ratio by {what}: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def memory(folder: Path, columns: Sequence[str], cells: Sequence[int]) -> None:
    """Memory at most, by the size of the input."""
    for count in cells:
        file = folder / "memory.parquet"
        write_rows(file, count // len(columns), columns)
        cost = measured(batch, file)
        print(f"| {count:,} cells | {file.stat().st_size / MB:.1f} | {cost.memory / MB:.0f} |")


def scaling(folder: Path, columns: Sequence[str], rows: int, rounds: int) -> None:
    """Rows a second by the clock and of processors, over processes."""
    file = folder / "scaling.parquet"
    write_rows(file, rows, columns)
    for processes in range(1, (os.cpu_count() or 1) + 1):
        costs = [measured(batch, file, processes) for _ in range(rounds)]
        by_clock = rows / median(cost.clock for cost in costs)
        by_processor = rows / median(cost.processor for cost in costs)
        print(f"| {processes} | {by_clock:,.0f} | {by_processor:,.0f} |")


PARTS = ("speed", "memory", "scaling")


def main(parts: Sequence[str] = PARTS, *, quick: bool = False) -> None:
    """Print what was measured.

    Raises:
        MissingError: `dvc repro` has not run.
    """
    if not (MODEL.is_dir() and DATA.is_file()):
        raise MissingError("no model here: `dvc repro` first")
    contract = read_contract(MODEL)
    columns = [*(spec.name for spec in contract.inputs), contract.roles.row_id]
    print(f"{len(columns)} columns; load of the machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder / WARM, 10_000, columns)
        if "speed" in parts:
            speed(folder, columns, ROWS // 10 if quick else ROWS, 2 if quick else ROUNDS)
        if "memory" in parts:
            memory(folder, columns, CELLS[:2] if quick else CELLS)
        if "scaling" in parts:
            scaling(folder, columns, ROWS if quick else 2 * ROWS, 1 if quick else ROUNDS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", default=PARTS, help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    main(asked.parts, quick=asked.quick)
