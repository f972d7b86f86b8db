"""Which package mypy is strict with: a fork writes its model as it likes, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.origin import ROOT

UNTYPED = "def double(value):\n    return value * 2\n\n\nprint(double(2))\n"
STRICT = ("bench", "delivery", "pipeline", "serving", "tests")


def test_a_model_need_not_be_annotated_and_everything_else_must(tmp_path: Path) -> None:
    for package in (*STRICT, "model"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        (tmp_path / package / "module.py").write_text(UNTYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"),
         "--cache-dir", str(tmp_path / "cache"), *STRICT, "model"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = set(re.findall(r"^(\w+)/module\.py:1: error:.*\[no-untyped-def\]$", done.stdout, re.M))
    assert told == set(STRICT), done.stdout + done.stderr
    assert "model/" not in done.stdout
