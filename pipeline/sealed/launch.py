"""Start a stage in a sealed process, and take over what it wrote when all went well.

The stage works in a box, a folder `artifacts/.STAGE` that looks like the checkout: links to what
it may read, and room for what it writes. Only the box can be written to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pipeline.errors import UnsealedError
from pipeline.sealed.plan import Plan, plan
from pipeline.sealed.reach import reach
from pipeline.sealed.seal import Seal
from pipeline.sealed.statement import Statement, hashes, this_platform, write
from pipeline.sealed.tracker import Tracker

CODE = Path(__file__).resolve().parents[2]
LINKED = ("model", "params.yaml")
TOLD = Path("artifacts/told.json")  # what export tells MLflow beside the model
KEPT = (
    "PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE",
    "CUDA_VISIBLE_DEVICES",
)  # fmt: skip
KEPT_BEGINNINGS = ("LC_", "OMP_", "OPENBLAS_", "MKL_")


def launch(stage: str, *, again: bool = False) -> int:
    """Run `stage` in the current folder; the code with which it ended. `again`: only to compare
    what comes of it, so it has to be sealed, and MLflow is not told.

    Raises:
        PipelineError: it cannot be started or sealed, or MLflow cannot be told.
    """
    checkout = Path.cwd()
    planned = plan(stage, checkout)
    read = hashes([*planned.reads, Path("model")])
    tracked = stage == "export" and not again
    with _box(planned, checkout) as box, Tracker() if tracked else nullcontext() as told:
        held, code = _run(planned, checkout, box, required=again)
        if code:
            return code if code > 0 else 128 - code  # as shells do for a signal
        if told:
            print(f"{stage}: MLflow run {told.log(box / 'artifacts/model', box / TOLD)}")
        _take(planned, box)
    wrote = hashes(planned.writes)
    stated = Statement(stage, held, planned.sources, read, wrote, this_platform())
    for path in (planned.statement, planned.receipt):
        write(path, stated)
    return 0


@contextmanager
def _box(planned: Plan, checkout: Path) -> Iterator[Path]:
    """Beside the artifacts, so that what the stage wrote is taken over by a rename."""
    box = checkout / "artifacts" / f".{planned.stage}"
    shutil.rmtree(box, ignore_errors=True)  # of a run that was killed
    try:
        for folder in ("home", "tmp", "artifacts"):
            (box / folder).mkdir(parents=True)
        for path in (*planned.reads, *map(Path, LINKED)):
            (box / path).parent.mkdir(parents=True, exist_ok=True)
            (box / path).symlink_to(checkout / path)
        yield box
    finally:
        shutil.rmtree(box, ignore_errors=True)


def _run(planned: Plan, checkout: Path, box: Path, *, required: bool) -> tuple[Sequence[str], int]:
    """What of the seal held, and the code with which the stage ended."""
    reads = [(checkout / path).resolve() for path in (*planned.reads, Path("params.yaml"))]
    inputs = [checkout / path for path in planned.inputs]
    seal = Seal(reach(checkout, planned.sources, inputs), reads, box)
    if not seal.held and required:
        raise UnsealedError("this kernel has no Landlock. Use Linux 5.13 or newer.")
    if not seal.held:
        print(
            f"{planned.stage}: not sealed, since this kernel has no Landlock: what model/ reads "
            "is not limited",
            file=sys.stderr,
        )
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-m", f"pipeline.{planned.stage}"],
            cwd=box,
            env=_environ(checkout, box),
            stdin=subprocess.DEVNULL,
            close_fds=True,
            preexec_fn=seal.enforce,  # binds the new process, before it executes anything
            check=False,
        )
    finally:
        seal.close()
    return seal.held, done.returncode


def _environ(checkout: Path, box: Path) -> Mapping[str, str]:
    """Nothing that could name a file or a server."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or name.startswith(KEPT_BEGINNINGS)
    }
    path = os.pathsep.join([str(checkout), str(CODE)])
    own = {"HOME": str(box / "home"), "TMPDIR": str(box / "tmp"), "PYTHONPATH": path}
    return kept | own | {"SEALED": "1"}


def _take(planned: Plan, box: Path) -> None:
    for path in planned.writes:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            path.rename(box / "tmp" / f"old-{path.name}")
        (box / path).replace(path)
