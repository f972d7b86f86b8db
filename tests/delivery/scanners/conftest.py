"""A git repository with nothing in it that could be wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(tmp_path)], check=True)
    put(tmp_path, "service.py", '"""A service."""\n')
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    """A file that git knows."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "-C", str(root), "add", "--", name], check=True)
