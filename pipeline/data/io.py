"""What all stages share: where files are, how a stage ends, and how a file is written whole."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import PipelineError
from pipeline.settings import Settings, read_settings

DATA = Path("artifacts/data")
SOURCES = DATA / "sources.json"
RAW = DATA / "raw.parquet"
REPORT = DATA / "report.json"
PARTS = ("train", "validation", "holdout")
TRAINED = Path("artifacts/trained")
EVALUATION = Path("artifacts/evaluation")
METRICS = EVALUATION / "metrics.json"
SCORES = EVALUATION / "scores.parquet"
MODEL = Path("artifacts/model")
TOLD = Path("artifacts/told.json")  # metrics for MLflow; no output of the pipeline
SEALED = "SEALED"  # in the environment of a stage that pipeline.sealed started


def run(stage: Callable[[Settings], str]) -> None:
    """Run a stage and print the line that it returns, or one paragraph that says what is wrong."""
    # Libraries warn about each other's versions; a stage says what matters to its reader.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        print(stage(read_settings()))
    except PipelineError as error:
        print(f"{stage.__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if SEALED not in os.environ or error.errno not in (errno.EACCES, errno.ENOENT):
            raise
        print(f"{stage.__name__}: {_out_of_reach(error)}", file=sys.stderr)
        sys.exit(PipelineError.exit_code)


def _out_of_reach(error: OSError) -> str:
    """What to do where the fork's code opened what is not there for this stage."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent.name == "model"]
    where = f" ({'/'.join(Path(own[-1].filename).parts[-2:])}:{own[-1].lineno})" if own else ""
    return (
        f"{error}{where}. A sealed stage reads train, validation, the code in model/ and the "
        "libraries, writes to its temporary folder, and has no network. Read other files in "
        "model.load, or put a look-up table into model/ and name it in train.inputs of "
        "params.yaml; then run `dvc repro`. docs/model.md says more."
    )


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path to write a file or a folder to; it takes the place of `path` when all is well.

    Whatever happens, `path` is the old one or the new one, never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as scratch:
        new = Path(scratch) / path.name
        yield new
        if new.is_dir() and path.exists():
            path.rename(Path(scratch) / "old")
        new.replace(path)


def canonical(content: Mapping[str, Any]) -> str:
    """JSON of which the same content gives the same bytes."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write canonical JSON."""
    with whole(path) as new:
        new.write_text(canonical(content), encoding="utf-8")


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a parquet file: the same rows give the same bytes."""
    with whole(path) as new:
        frame.to_parquet(new, index=False, compression="zstd")


def read_frame(path: Path, stage: str) -> pd.DataFrame:
    """Read what an earlier stage wrote.

    Raises:
        PipelineError: it is not there.
    """
    try:
        return pd.read_parquet(path)
    except FileNotFoundError as error:
        raise PipelineError(
            f"{path} is not there; the stage {stage} writes it. Run `dvc repro {stage}`."
        ) from error


def read_part(part: str) -> pd.DataFrame:
    """Read one part of the split: `train`, `validation` or `holdout`."""
    return read_frame(DATA / f"{part}.parquet", "prepare")
