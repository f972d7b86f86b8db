"""The environment of a bento: one for each lock, made once and whole, or not at all."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from delivery.bento import environment as venvs
from delivery.bento.environment import bytecode, environment, locked_environment
from delivery.errors import InputError, TargetError

UNKNOWN = "no-such-package-anywhere==1.0 --hash=sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")


def bento_with_lock(folder: Path, lock: str) -> Path:
    file = folder / venvs.LOCK
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(lock)
    return folder


def test_it_is_made_once_per_lock(tmp_path: Path) -> None:
    one = bento_with_lock(tmp_path / "one", "# nothing\n")
    same = bento_with_lock(tmp_path / "same", "# nothing\n")
    other = bento_with_lock(tmp_path / "other", "# nothing else\n")
    python = environment(one, tmp_path / "envs")
    made = (python.parent.parent / venvs.COMPLETE).stat().st_mtime_ns
    assert environment(same, tmp_path / "envs") == python
    assert (python.parent.parent / venvs.COMPLETE).stat().st_mtime_ns == made
    assert environment(other, tmp_path / "envs") != python


def test_it_is_the_python_that_runs_us(tmp_path: Path) -> None:
    python = environment(bento_with_lock(tmp_path / "b", ""), tmp_path / "envs")
    told = subprocess.check_output([python, "-c", "import sys; print(sys.version)"], text=True)
    assert told.strip() == sys.version


def test_one_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    bento = bento_with_lock(tmp_path / "b", "")
    python = environment(bento, tmp_path / "envs")
    (python.parent.parent / venvs.COMPLETE).unlink()
    (python.parent.parent / "half").touch()
    assert environment(bento, tmp_path / "envs") == python
    assert not (python.parent.parent / "half").exists()


def test_one_whose_base_python_is_gone_is_made_anew(tmp_path: Path) -> None:
    bento = bento_with_lock(tmp_path / "b", "")
    python = environment(bento, tmp_path / "envs")
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert environment(bento, tmp_path / "envs").exists()


def test_two_at_once_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bento = bento_with_lock(tmp_path / "b", "")
    made = []
    make = venvs._make
    monkeypatch.setattr(venvs, "_make", lambda *a: (made.append(a), make(*a)))
    with ThreadPoolExecutor(4) as pool:
        pythons = set(pool.map(lambda _: environment(bento, tmp_path / "envs"), range(4)))
    assert len(made) == 1
    assert len(pythons) == 1


def test_a_lock_that_does_not_install_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    bento = bento_with_lock(tmp_path / "b", UNKNOWN)
    with pytest.raises(TargetError, match=r"requirements\.txt.*no-such-package-anywhere") as caught:
        environment(bento, tmp_path / "envs")
    assert "make lock" in str(caught.value)
    assert not [path for path in (tmp_path / "envs").iterdir() if path.is_dir()]


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="require-hashes"):
        environment(bento_with_lock(tmp_path / "b", "click==8.1.8\n"), tmp_path / "envs")


def test_a_bento_without_a_lock_is_no_bento(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"requirements\.txt"):
        environment(tmp_path, tmp_path / "envs")


def test_any_lock_of_the_same_bytes_has_the_same_environment(tmp_path: Path) -> None:
    """`make_sbom` and a second build share it with the bento."""
    python = environment(bento_with_lock(tmp_path / "b", ""), tmp_path / "envs")
    (tmp_path / "other.lock").touch()
    assert locked_environment(tmp_path / "other.lock", tmp_path / "envs") == python


def test_through_a_link_it_is_the_same_with_the_same_compiled_modules(tmp_path: Path) -> None:
    """A path of its own would have every library compiled anew at the first start."""
    bento = bento_with_lock(tmp_path / "b", "")
    python = environment(bento, tmp_path / "envs")
    (tmp_path / "link").symlink_to(tmp_path / "envs")
    assert environment(bento, tmp_path / "link") == python


def test_compiled_modules_lie_in_the_environment(tmp_path: Path) -> None:
    python = tmp_path / "envs" / "key" / "bin" / "python"
    assert bytecode(python) == tmp_path / "envs" / "key" / "bytecode"
