"""A checkout of this repository with another model in it, as a fork would have it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "tests" / "models"
# delivery.yaml of all that tests make. A fork's own has other environments and limits.
POLICY = ROOT / "tests" / "policy.yaml"


def is_template() -> bool:
    """Do rules about the template's own size, README and first day hold? Not in a fork."""
    return "TEMPLATE" in os.environ


template_alone = pytest.mark.skipif(
    not is_template(), reason="holds for the template alone: TEMPLATE=1 make test"
)
IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.com",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.com",
}
KEPT = ("envs", "cache/scans")  # of a workspace: found by a hash of all they depend on
LEFT_OUT = (
    "tests/", "docs/", "model/", "params.yaml", "dvc.lock", "training.json", "delivery.yaml",
)  # fmt: skip


def make_checkout(destination: Path, model: str) -> Path:
    """A new git repository at `destination`, branch main, one commit: this repository's files
    with the fixture model `model` and POLICY in place of its own."""
    listed = _git(ROOT, "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    for name in listed:
        if name and not name.startswith(LEFT_OUT) and (ROOT / name).is_file():
            file = destination / name
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, file)
    put_model(destination, model)
    shutil.copy(POLICY, destination / "delivery.yaml")
    _git(destination, "init", "--quiet", "-b", "main")
    for key, value in (("user.name", "Tester"), ("user.email", "tester@example.com")):
        _git(destination, "config", key, value)
    _git(destination, "add", "--all")
    _git(destination, "commit", "--quiet", "-m", f"Start from the {model} model")
    return destination


def put_model(destination: Path, model: str) -> None:
    """Put the fixture model's `model/` and params.yaml in `destination`."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(MODELS / model, destination, dirs_exist_ok=True, ignore=ignore)


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of one run of tests share."""
    base = factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "bench"
    folder.mkdir(exist_ok=True)
    return folder


def share(workspace: Path, shared: Path) -> None:
    """Let a new workspace use the environments of bentos and the answers of scanners that other
    tests have got: what is made once per machine and lock is made once per run of tests."""
    for name in KEPT:
        (shared / name).mkdir(parents=True, exist_ok=True)
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).symlink_to(shared / name)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    environment = os.environ | IDENTITY
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout
