"""The installer: what a newcomer meets first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.origin import ROOT

HERE = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCRIPT = PROJECT["project"]["scripts"]["delivery"]
# In place of the command: where it has its code and its packages from.
MAIN = """
from pathlib import Path
import numpy
from delivery.cli.installed import require_own_checkout

def {function}():
    require_own_checkout(Path.cwd())
    print(__file__, numpy.__file__)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with nothing but the installer and what it reads."""
    shutil.copytree(HERE, tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(copy: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` with the installer imported as `install`."""
    start = "import sys; sys.path.insert(0, 'requirements'); import install; "
    return subprocess.run(
        [sys.executable, "-c", start + code], cwd=copy, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", [(3, 8, 10), (3, 11, 2), (3, 14, 0)])
def test_an_unsupported_python_is_told_what_to_do(copy: Path, version: tuple[int, ...]) -> None:
    done = run(copy, "install.OLDEST = (9, 9, 9); sys.exit(install.main())")
    assert done.returncode == 2
    assert "make setup PYTHON=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (copy / ".venv").exists()
    refused = run(copy, f"install.check_python({version})")
    assert f"InstallError: this is Python {version[0]}.{version[1]}.{version[2]}" in refused.stderr


@pytest.mark.parametrize("version", [(3, 11, 4), (3, 12, 0), (3, 13, 9)])
def test_a_supported_python_passes(copy: Path, version: tuple[int, ...]) -> None:
    assert run(copy, f"install.check_python({version})").returncode == 0


def test_what_does_not_resolve_is_named_and_the_stamp_is_not_written(copy: Path) -> None:
    (copy / "requirements" / "bootstrap.lock").write_text(
        "no-such-package-of-this-template==1.0 --hash=sha256:" + "0" * 64 + "\n"
    )
    done = run(copy, "sys.exit(install.main())")
    assert done.returncode == 2
    assert "make lock" in done.stderr
    assert "no-such-package-of-this-template" in done.stderr
    assert not (copy / ".venv" / "packages").exists()


def test_an_up_to_date_venv_is_left_alone(copy: Path) -> None:
    (copy / ".venv").mkdir()
    state = "install.packages_wanted(), install.command_wanted(install.OWN)"
    packages, command = run(copy, f"print(*({state}))").stdout.split()
    (copy / ".venv" / "packages").write_text(packages)
    (copy / ".venv" / "checkout").write_text(command)
    done = run(copy, "install.install_packages = install.install_command = None; install.main()")
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_no_environment_is_not_touched(copy: Path) -> None:
    thesis = copy / "thesis"
    thesis.mkdir()
    (thesis / "chapter.tex").write_text("years of work")
    refused = set_up(copy, VENV=str(thesis))
    assert refused.returncode == 2
    assert str(thesis) in refused.stderr
    assert "VENV" in refused.stderr
    assert [path.name for path in thesis.iterdir()] == ["chapter.tex"]


def test_an_environment_of_somebody_else_is_not_touched(copy: Path) -> None:
    (copy / "science").mkdir()
    (copy / "science" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert set_up(copy, VENV="science").returncode == 2
    assert (copy / "science" / "pyvenv.cfg").exists()


def test_a_dot_venv_that_is_no_environment_is_not_touched(copy: Path) -> None:
    (copy / ".venv").mkdir()
    (copy / ".venv" / "notes.txt").touch()
    for settings in ({}, {"BORROW": sys.prefix}):
        assert set_up(copy, **settings).returncode == 2
        assert (copy / ".venv" / "notes.txt").exists()


@pytest.mark.parametrize(
    ("folder", "file", "text"),
    [
        ("shared", "packages", "0" * 64),  # of other locks
        ("shared", "made-by-setup", ""),  # of a set-up that was killed
        (".venv", "checkout", "0" * 64),  # borrowed its packages
        (".venv", "pyvenv.cfg", "home = /usr/bin\n"),  # of the first versions, or made by hand
    ],
)
def test_an_environment_that_was_made_here_is_made_anew(
    copy: Path, folder: str, file: str, text: str
) -> None:
    (copy / folder).mkdir()
    (copy / folder / file).write_text(text)
    (copy / folder / "old").touch()
    (copy / "requirements" / "bootstrap.lock").write_text("# nothing\nno such package\n")
    done = set_up(copy, VENV=folder)
    assert "setup: making" in done.stdout
    assert not (copy / folder / "old").exists()
    assert "setup: making" in set_up(copy, VENV=folder).stdout  # and the next try goes on


OTHERS = {"venv": "version = 3.99.1", "uv": "version_info = 3.99.1"}  # as either writes it


@pytest.mark.parametrize("line", OTHERS.values(), ids=OTHERS)
def test_a_shared_folder_of_another_python_is_not_made_anew(copy: Path, line: str) -> None:
    """Other checkouts run on its packages: only a person knows which Python shall have it."""
    _made(copy / "shared", "")
    (copy / "shared" / "pyvenv.cfg").write_text(f"home = /usr/bin\n{line}\n")
    done = set_up(copy, VENV="shared")
    assert done.returncode == 2
    assert (copy / "shared" / "packages").read_text() == "0" * 64
    own = ".".join(map(str, sys.version_info[:3]))
    assert f"{copy / 'shared'} has packages for Python 3.99.1, and this is {own}" in done.stderr
    assert "make setup PYTHON=python3.99" in done.stderr
    assert "VENV" in done.stderr


def test_a_shared_folder_of_this_python_is_renewed_for_other_locks(copy: Path) -> None:
    _made(copy / "shared", ".".join(map(str, sys.version_info[:3])))
    (copy / "requirements" / "bootstrap.lock").write_text("no such package\n")
    assert "setup: making" in set_up(copy, VENV="shared").stdout


def test_a_checkouts_own_environment_changes_its_python(copy: Path) -> None:
    """Nobody else has it: `make setup PYTHON=…` is how one changes."""
    _made(copy / ".venv", "3.99.1")
    (copy / "requirements" / "bootstrap.lock").write_text("no such package\n")
    assert "setup: making" in set_up(copy).stdout


def _made(folder: Path, version: str) -> None:
    """An environment of other locks, by a Python of this version."""
    folder.mkdir()
    (folder / "packages").write_text("0" * 64)
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")


def test_an_empty_folder_is_filled(copy: Path) -> None:
    (copy / "empty").mkdir()
    (copy / "requirements" / "bootstrap.lock").write_text("no such package\n")
    assert "setup: making" in set_up(copy, VENV="empty").stdout


def set_up(copy: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "requirements/install.py"], cwd=copy, capture_output=True, text=True,
        env={**os.environ, **settings}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two checkouts that borrow the packages of these tests, each with code of its own."""
    return {
        name: _lent(tmp_path_factory.mktemp(name), Path(sys.prefix)) for name in ("ours", "theirs")
    }


def _lent(folder: Path, packages: Path) -> Path:
    for name in ("requirements", "pipeline", "serving"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "delivery.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "delivery" / "cli").mkdir(parents=True)
    for name in ("__init__", "errors", "cli/__init__", "cli/installed"):
        shutil.copy(ROOT / "delivery" / f"{name}.py", folder / "delivery" / f"{name}.py")
    module, _, function = SCRIPT.partition(":")
    main = folder / f"{module.replace('.', '/')}.py"
    main.write_text(MAIN.format(function=function), encoding="utf-8")
    done = installed(folder, packages)
    assert done.returncode == 0, done.stderr
    return folder


def installed(checkout: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    return set_up(checkout, BORROW=str(packages))


def say(checkout: Path, here: Path) -> subprocess.CompletedProcess[str]:
    """What the command of a checkout says in a folder."""
    command = checkout / ".venv" / "bin" / "delivery"
    return subprocess.run([command], cwd=here, capture_output=True, text=True, check=False)


def test_each_checkout_runs_its_own_code_on_shared_packages(lent: dict[str, Path]) -> None:
    for checkout in lent.values():
        done = say(checkout, checkout / "pipeline")
        assert done.returncode == 0, done.stderr
        code, packages = done.stdout.split()
        assert Path(code).is_relative_to(checkout)
        assert not Path(packages).is_relative_to(checkout)


def test_nothing_of_the_lender_but_its_packages_can_be_imported(lent: dict[str, Path]) -> None:
    """An editable install of another checkout would let its modules in where ours are gone."""
    borrower = _lent_by_a_lender(lent["ours"])
    code = "import numpy, sys; import tests"
    python = borrower / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", code], cwd="/", capture_output=True, text=True, check=False
    )
    assert "No module named 'tests'" in done.stderr


def _lent_by_a_lender(lender: Path) -> Path:
    borrower = lender.with_name("borrower")
    (lender / "tests").mkdir(exist_ok=True)
    (lender / "tests" / "__init__.py").touch()
    return _lent(borrower, lender / ".venv")


def test_a_command_refuses_another_checkout(lent: dict[str, Path]) -> None:
    done = say(lent["ours"], lent["theirs"])
    assert done.returncode != 0
    assert f"installed for {lent['ours']}" in done.stderr
    assert f"make -C {lent['theirs']} setup" in done.stderr


def test_a_second_set_up_changes_nothing(lent: dict[str, Path]) -> None:
    command = lent["ours"] / ".venv" / "bin" / "delivery"
    before = command.stat().st_ino
    assert installed(lent["ours"], Path(sys.prefix)).returncode == 0
    assert command.stat().st_ino == before


def test_a_checkout_that_was_moved_is_set_up_anew(lent: dict[str, Path], tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(lent["theirs"], moved, symlinks=True)
    assert installed(moved, Path(sys.prefix)).returncode == 0
    assert Path(say(moved, moved).stdout.split()[0]).is_relative_to(moved)


def test_the_build_backend_is_the_locked_uv() -> None:
    """Another range would make an install ask an index for uv_build."""
    (backend,) = (Requirement(text) for text in PROJECT["build-system"]["requires"])
    assert backend.name == "uv_build"
    (pinned,) = re.findall(r"^uv==(\S+)", (HERE / "bootstrap.lock").read_text(), re.MULTILINE)
    assert pinned in backend.specifier
    assert f"uv=={pinned} " in (HERE / "dev.lock").read_text()


def test_no_lock_holds_the_distribution() -> None:
    """A bento has serving/ as source, and never the distribution."""
    for lock in HERE.glob("*.lock"):
        assert "model-delivery" not in lock.read_text(encoding="utf-8")


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
