"""Matrix products in int8 instead of float32: a quarter of the bytes, and faster where they are
large. It is asked for in params.yaml; export refuses it where it does not hold what it promises.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd

from pipeline.data.columns import arrays
from pipeline.errors import PipelineError
from pipeline.graph.onnx import session_of
from serving.contract import SCORE, Contract

PRODUCTS = {"MatMul", "Gemm"}
FASTER = 1.1  # times; less is not worth the loss of exactness
ROUNDS = 40  # of which the best counts: other jobs of the machine only ever slow it down
ADVICE = "Set export.quantize to off in params.yaml and run `dvc repro`."


def quantized(content: bytes) -> bytes:
    """The graph with its weights in int8, and what is multiplied with them rounded as it comes.

    Raises:
        PipelineError: it has no matrix products.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kinds = {node.op_type for node in onnx.load_model_from_string(content).graph.node}
    if not kinds & PRODUCTS:
        raise PipelineError(
            f"export.quantize is int8, and the model has no matrix products. {ADVICE}"
        )
    with tempfile.TemporaryDirectory() as name:
        before, after = Path(name) / "float32.onnx", Path(name) / "int8.onnx"
        before.write_bytes(content)
        # Seven bits of weight: the AVX2 product of processors without VNNI adds pairs in 16 bits,
        # and eight bits overflow there, so that the same file would answer otherwise elsewhere.
        quantize_dynamic(before, after, weight_type=QuantType.QInt8, reduce_range=True)
        result: bytes = onnx.load(after).SerializeToString(deterministic=True)
    return result


def check_speed(before: bytes, after: bytes, rows: pd.DataFrame, contract: Contract) -> float:
    """How many times as fast a row is scored as before.

    Raises:
        PipelineError: not FASTER times.
    """
    times = speed_up(before, after, rows.head(1), contract)
    if times < FASTER:
        raise PipelineError(
            f"export.quantize is int8, but a row is scored {times:.2f} times as fast as in float32 "
            f"here, where {FASTER} is expected: the matrices are too small, or the processor has "
            f"no instructions for it. {ADVICE}"
        )
    return times


def speed_up(before: bytes, after: bytes, rows: pd.DataFrame, contract: Contract) -> float:
    """The time that `before` takes for `rows` as a multiple of what `after` takes; the best of
    rounds in which both take turns."""
    feed = {name: array.reshape(-1, 1) for name, array in arrays(rows, contract).items()}
    sessions = [session_of(content) for content in (before, after)]
    taken = np.array([[_timed(session, feed) for session in sessions] for _ in range(ROUNDS)])
    slow, fast = taken.min(axis=0)
    return float(slow / fast)


def _timed(session: Any, feed: dict[str, np.ndarray]) -> float:
    start = time.perf_counter()
    session.run([SCORE], feed)
    return time.perf_counter() - start
