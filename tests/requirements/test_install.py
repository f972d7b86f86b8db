"""The installer: what a newcomer meets first."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.origin import ROOT

HERE = ROOT / "requirements"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with nothing but the installer and its locks."""
    shutil.copytree(HERE, tmp_path / "requirements")
    return tmp_path


def run(copy: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` with the installer imported as `install`."""
    start = "import sys; sys.path.insert(0, 'requirements'); import install; "
    return subprocess.run(
        [sys.executable, "-c", start + code], cwd=copy, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14)])
def test_an_unsupported_python_is_told_what_to_do(copy: Path, version: tuple[int, int]) -> None:
    done = run(copy, f"install.SUPPORTED = {((9, 9),)}; sys.exit(install.main())")
    assert done.returncode == 2
    assert "make setup PYTHON=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (copy / ".venv").exists()
    asked = run(copy, f"install.check_python({version})")
    assert f"InstallError: this is Python {version[0]}.{version[1]}" in asked.stderr


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_supported_python_passes(copy: Path, version: tuple[int, int]) -> None:
    assert run(copy, f"install.check_python({version})").returncode == 0


def test_what_does_not_resolve_is_named_and_the_stamp_is_not_written(copy: Path) -> None:
    (copy / "requirements" / "uv.lock").write_text(
        "no-such-package-of-this-template==1.0 --hash=sha256:" + "0" * 64 + "\n"
    )
    done = run(copy, "sys.exit(install.main())")
    assert done.returncode == 2
    assert "make lock" in done.stderr
    assert "no-such-package-of-this-template" in done.stderr
    assert not (copy / ".venv" / "installed").exists()


def test_an_up_to_date_venv_is_left_alone(copy: Path) -> None:
    (copy / ".venv").mkdir()
    wanted = run(copy, "print(install.fingerprint(), end='')").stdout
    (copy / ".venv" / "installed").write_text(wanted)
    done = run(copy, "install.install = None; sys.exit(install.main())")
    assert done.returncode == 0


@pytest.mark.parametrize("old", ["python3.8", "python3.10", "python2.7"])
def test_old_pythons_get_the_message_and_not_a_syntax_error(copy: Path, old: str) -> None:
    python = shutil.which(old)
    if python is None or subprocess.run([python, "-V"], check=False).returncode:
        pytest.skip(f"{old} is not on this machine")
    done = subprocess.run(
        [python, "requirements/install.py"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "make setup PYTHON=" in done.stderr


def test_the_command_outside_a_checkout_names_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "launcher.py"), "status"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "not inside a model delivery repository" in done.stderr
