"""Labels that come another way than `/feedback`: what `labels` of `model/` says."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from delivery.errors import InputError


def from_model(root: Path, since: datetime) -> Sequence[bytes]:
    """Lines as feedback has them, for requests from `since` on; none where the model of the
    checkout at `root` tells none. The fork's code runs, with what this process may do.

    Raises:
        InputError: it fails, or what it returns is no table of labels.
    """
    if not (root / "model" / "__init__.py").is_file():
        return ()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "labels.jsonl"
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.labels", since.isoformat(), str(file)],
            cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            last = "\n".join(done.stderr.strip().splitlines()[-20:])
            raise InputError(f"the labels of model/ cannot be had: {last}")
        return file.read_bytes().splitlines(keepends=True) if file.exists() else ()
