"""What ONNX Runtime computes with: execution providers and threads, by the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnxruntime as ort

from serving.settings.policy import Compute, Provider
from serving.strict import DocumentError

NAMES: Mapping[Provider, str] = {
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
# By default, CUDA rounds the factors of a matrix product to 10 bits (TF32): scores of a perceptron
# were 8e-4 away from the CPU's on an H100, and are 9e-7 away without.
OPTIONS: Mapping[str, Mapping[str, str]] = {NAMES["cuda"]: {"use_tf32": "0"}}


def open_session(file: Path, compute: Compute) -> ort.InferenceSession:
    """A session of the graph `file` on the first providers of `compute` that are there.

    Raises:
        DocumentError: the file is missing, ONNX Runtime cannot load it, or a provider that is
            required cannot be used.
    """
    if not file.is_file():
        raise DocumentError(f"{file.name}: no such file; `dvc repro` writes it")
    available = ort.get_available_providers()
    if "cuda" in compute.providers and NAMES["cuda"] in available:
        ort.preload_dlls()  # finds CUDA where its wheels put it
    wanted = [NAMES[provider] for provider in compute.providers]
    providers = [(name, dict(OPTIONS.get(name, {}))) for name in wanted if name in available]
    try:
        session = ort.InferenceSession(file, _options(compute), providers=providers)
    except Exception as error:  # ONNX Runtime's errors share no other base class
        reason = str(error).splitlines()[0]
        raise DocumentError(f"{file.name}: ONNX Runtime cannot load it: {reason}") from error
    _check(session, compute)
    return session


def providers_of(session: ort.InferenceSession) -> tuple[str, ...]:
    """The providers that a session uses, by our names, the preferred one first."""
    ours = {name: short for short, name in NAMES.items()}
    return tuple(ours.get(name, name) for name in session.get_providers())


def _options(compute: Compute) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = compute.threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return options


def _check(session: ort.InferenceSession, compute: Compute) -> None:
    """A provider that is built in may still lack its device; then ONNX Runtime goes without."""
    used = providers_of(session)
    if compute.required and (
        lacking := [provider for provider in compute.providers if provider not in used]
    ):
        raise DocumentError(
            f"serving.compute: {lacking[0]} is required and cannot be used here; this machine has "
            f"{', '.join(used)}. Install the onnxruntime package and the driver that it needs, or "
            "set required: false"
        )
