"""Predictions as columns of a Parquet file.

    release    string     of the model that scored the row
    file       string     the file of the input, by its path below the address
    row        int64      its number in that file; the first row is 0
    row_id     as there   the column that the contract calls row_id, where the file has it
    score      float32    of several classes: a list, in the order of the contract's classes
    decision   string     by the threshold or the greatest score; none for a regression

The columns of the input that were asked for follow under their own names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.contract import Contract
from serving.rows.column import Array

RESERVED = ("release", "file", "row", "row_id", "score", "decision")
DIFFERENT = ("row", "row_id", "score")  # each row another: a dictionary costs twice the time
HELD = 64 * 1024 * 1024  # bytes of rows that wait for the disk


class Predictions:
    """Writes the predictions of a unit to `path`."""

    def __init__(self, path: Path, contract: Contract, release: str, file: str) -> None:
        self._path = path
        self._contract = contract
        self._said = {"release": release, "file": file}
        self._waiting: list[pa.RecordBatch] = []
        self._size = 0  # of what waits, bytes
        self._writer: pq.ParquetWriter | None = None

    def add(self, numbers: Array, score: Array, given: Mapping[str, pa.Array]) -> None:
        """Rows with their numbers and scores; `given` are columns of the input, row_id first."""
        columns: dict[str, pa.Array] = {
            name: _constant(said, len(numbers)) for name, said in self._said.items()
        }
        columns["row"] = pa.array(numbers)
        if "row_id" in given:
            columns["row_id"] = given["row_id"]
        columns |= self._scores(score)
        columns |= {name: array for name, array in given.items() if name != "row_id"}
        batch = pa.RecordBatch.from_pydict(columns)
        self._waiting.append(batch)
        self._size += batch.nbytes
        if self._size > HELD:
            self._write()

    def __enter__(self) -> Predictions:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the file; what is left of a failure nobody names."""
        if kind is not None:
            if self._writer is not None:
                with suppress(OSError, pa.ArrowException):  # the disk that is full already
                    self._writer.close()
            return
        self._write()
        assert self._writer is not None
        self._writer.close()

    def _write(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting).unify_dictionaries()
        if self._writer is None:
            about = {"classes": json.dumps(self._contract.classes or ())}
            schema = table.schema.with_metadata(about)
            self._writer = pq.ParquetWriter(
                self._path,
                schema,
                compression="zstd",
                use_dictionary=[name for name in schema.names if name not in DIFFERENT],
                column_encoding={"row": "DELTA_BINARY_PACKED"},
            )
        self._writer.write_table(table.replace_schema_metadata(self._writer.schema.metadata))
        self._waiting, self._size = [], 0

    def _scores(self, score: Array) -> dict[str, pa.Array]:
        classes = self._contract.classes
        if classes is None:
            return {"score": pa.array(score)}
        if self._contract.task == "binary":
            # float32, as serving.predict.predictor.Decider has it
            threshold = 0.5 if self._contract.threshold is None else self._contract.threshold
            codes = (score >= np.float32(threshold)).astype(np.int32)
            return {"score": pa.array(score), "decision": _words(codes, classes)}
        flat = pa.array(score.reshape(-1))
        scores = pa.FixedSizeListArray.from_arrays(flat, len(classes))
        return {"score": scores, "decision": _words(score.argmax(axis=1), classes)}


def _constant(text: str, rows: int) -> pa.Array:
    return _words(np.zeros(rows, np.int32), (text,))


def _words(codes: Array, words: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32)), pa.array(list(words), pa.string())
    )
