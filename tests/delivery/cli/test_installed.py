"""Which checkout a command serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.cli.installed import own_checkout, require_own_checkout
from delivery.errors import InputError
from tests.origin import ROOT


def test_the_code_that_runs_is_that_of_this_checkout() -> None:
    assert own_checkout() == ROOT
    require_own_checkout(ROOT)
    require_own_checkout(ROOT / "delivery" / "gates")


def test_outside_a_checkout_names_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not inside a model delivery repository.*`cd` into"):
        require_own_checkout(tmp_path)


def test_another_checkout_is_refused_wherever_it_lies(tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "delivery" / "deep").mkdir(parents=True)
    (other / "delivery.yaml").touch()
    with pytest.raises(InputError, match=f"installed for {ROOT}, and {other} is another checkout"):
        require_own_checkout(other / "delivery" / "deep")


def test_a_link_to_the_checkout_is_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ROOT)
    require_own_checkout(tmp_path / "link" / "docs")


def test_the_command_says_it_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "delivery", "status"], cwd=tmp_path, check=False,
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == InputError.exit_code
    assert done.stderr.startswith(f"error: {tmp_path} is not inside a model delivery repository")


@pytest.mark.parametrize("repository", [False, True])
@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["gate", "--help"], ["github", "apply", "-h"]]
)
def test_help_is_given_anywhere(tmp_path: Path, arguments: list[str], repository: bool) -> None:
    if repository:
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "delivery", *arguments], cwd=tmp_path, check=False,
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "Usage:" in done.stdout + done.stderr
    assert "error" not in done.stderr
    assert bool(arguments) == (done.returncode == 0)
