"""Virtual environments for bentos: one per serving lock and Python, made once, then reused."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from delivery.errors import InputError, TargetError
from delivery.files import locked, program, write_whole

LOCK = "env/python/requirements.txt"  # inside a bento: the lock that its spec includes
BATCH_LOCK = "src/requirements/batch.lock"  # the same, and what scores files needs beside
COMPLETE = "complete"
BYTECODE = "bytecode"


def environment(bento: Path, envs: Path, name: str = LOCK) -> Path:
    """The Python of the environment that a lock in `bento` asks for; makes it if it is not there.

    It lies under `envs`, keyed by the lock's bytes, the Python and the machine. Two commands that
    need the same one wait for each other.

    Raises:
        InputError: the bento has no lock.
        TargetError: the lock does not install here.
    """
    lock = bento / name
    try:
        content = lock.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"{bento} has no {name}, so it is not a bento of this repository or is damaged. "
            f"Delete that folder and run the command again: it is fetched anew."
        ) from error
    return _environment(lock, content, envs)


def locked_environment(lock: Path, envs: Path) -> Path:
    """The Python of the environment that any lock file asks for. Raises TargetError as above."""
    return _environment(lock, lock.read_bytes(), envs)


def _environment(lock: Path, content: bytes, envs: Path) -> Path:
    # Not through a link: compiled modules are kept by the path that they were imported from.
    folder = envs.resolve() / _key(content)
    if not _complete(folder):
        with locked(folder.with_suffix(".lock"), wait=True):
            if not _complete(folder):
                _make(folder, lock)
    return folder / "bin" / "python"


def bytecode(python: Path) -> Path:
    """Where a bento run by `python` keeps compiled modules: never inside the bento, whose content
    is hashed."""
    return python.parent.parent / BYTECODE


def _key(lock: bytes) -> str:
    here = (sys.version, sys.base_prefix, sys.platform, platform.machine(), COMPLETE)
    return hashlib.sha256(lock + repr(here).encode()).hexdigest()[:16]


def _complete(folder: Path) -> bool:
    # The link to the base Python breaks when that is removed or upgraded.
    return (folder / COMPLETE).is_file() and (folder / "bin" / "python").exists()


def _make(folder: Path, lock: Path) -> None:
    """Environments cannot be moved, so a marker written last says that this one is whole."""
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "bin" / "python"
    sync = ["pip", "sync", "--require-hashes", "--python", str(python), str(lock.absolute())]
    made = _uv("venv", "--no-project", "--python", sys.executable, str(folder))
    if made.returncode == 0:
        # From the cache alone first: a rollback must not depend on a package index.
        made = _uv(*sync, "--offline")
        if made.returncode != 0:
            made = _uv(*sync)
    if made.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise TargetError(
            f"{lock} does not install on Python {platform.python_version()} "
            f"({sys.platform} {platform.machine()}): {_reason(made.stderr)}. If the network and "
            "the package index work, renew the locks with `make lock UPGRADE=1`, commit them "
            "and release again."
        )
    write_whole(folder / COMPLETE, "")


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("uv"), "--color", "never", "--no-progress", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def _reason(stderr: str) -> str:
    """uv's complaint in one line; it names the package."""
    lines = [line.strip(" │├╰─▶×·") for line in stderr.splitlines()]
    reasons = [line for line in lines if line and not line.startswith(("Using ", "Resolved "))]
    return " ".join(reasons).rstrip(".")[:600] or "uv gave no reason"
