"""A pipeline that takes no time: two stages of shell, a file, a folder and a metric."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.storage.dvc import hush
from delivery.trust.keys import own_key
from tests.origin import Origin, make_origin

STAGES = """\
stages:
  ingest:
    cmd: mkdir -p artifacts && cp raw.txt artifacts/data.txt
    deps: [raw.txt]
    params: [data]
    outs: [artifacts/data.txt]
  train:
    cmd: sh train.sh
    deps: [artifacts/data.txt, train.sh]
    params: [train.depth]
    outs: [artifacts/model]
    metrics: [artifacts/evaluation/metrics.json]
"""
TRAIN = """\
mkdir -p artifacts/model/deep artifacts/evaluation
sed s/^/fitted-on-/ artifacts/data.txt > artifacts/model/deep/weights
grep depth params.yaml > artifacts/model/name
echo "{\\"loss\\": 0.$(wc -c < artifacts/data.txt)}" > artifacts/evaluation/metrics.json
"""
FILES = {
    "dvc.yaml": STAGES,
    "train.sh": TRAIN,
    "raw.txt": "one\n",
    "params.yaml": "data:\n  until: 2013-06\ntrain:\n  depth: 3\n",
    ".gitignore": "/artifacts/\n/.delivery/\n",
}


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A private key of nobody in particular."""
    key = own_key({"XDG_DATA_HOME": str(tmp_path_factory.mktemp("key"))}, make=True)
    assert key is not None
    return key


def repro(path: Path) -> None:
    """Run the pipeline of a checkout."""
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=path, check=True)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """Its dvc.lock is on main, and its bytes are in the checkout's cache alone."""
    hush()
    from dvc.repo import Repo

    origin = make_origin(tmp_path_factory.mktemp("trained"))
    Repo.init(str(origin.path)).close()
    for name, text in FILES.items():
        (origin.path / name).write_text(text)
    repro(origin.path)
    origin.push({}, "Train")
    return origin


@pytest.fixture
def pipeline(trained: Origin, tmp_path: Path) -> Origin:
    """A copy that a test may do with as it likes; no DVC remote yet."""
    for part in (trained.path, trained.bare):
        shutil.copytree(part, tmp_path / part.name, symlinks=True)
    made = replace(trained, path=tmp_path / trained.path.name, bare=tmp_path / trained.bare.name)
    made.git("remote", "set-url", "origin", str(made.bare))
    return made


@pytest.fixture
def remote(pipeline: Origin, tmp_path: Path) -> Path:
    """A folder as its DVC remote, still empty."""
    folder = tmp_path / "remote"
    text = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {folder}\n"
    pipeline.push({".dvc/config": text}, "Name a remote")
    return folder
