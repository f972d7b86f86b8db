"""Which tests a change concerns before a commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from delivery.git.repository import Repository
from tests.check import Budget, changed, has_tests, mirrors
from tests.origin import ROOT, Origin

MODEL = ["model/fitting.py", "model/requirements.in", "params.yaml"]


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("delivery/gates/service/latency.py", ["tests/delivery/gates/service/test_latency.py"]),
        ("requirements/install.py", ["tests/requirements/test_install.py"]),
        ("tests/delivery/cli/test_installed.py", ["tests/delivery/cli/test_installed.py"]),
        ("tests/delivery/bentos.py", []),
        ("delivery/no_such_module.py", []),
        ("docs/delivery.md", ["tests/test_docs.py"]),
        ("releases/r-0123456789ab.yaml", []),
    ],
)
def test_a_changed_file_has_its_mirror(path: str, tests: list[str]) -> None:
    assert mirrors([path], ROOT) == tests


@pytest.mark.parametrize("paths", [[path] for path in MODEL] + [MODEL])
def test_what_concerns_the_model_runs_its_tests_once(paths: list[str], tmp_path: Path) -> None:
    """A fork may have none."""
    assert mirrors(paths, tmp_path) == []
    (tmp_path / "tests" / "model").mkdir(parents=True)
    (tmp_path / "tests" / "model" / "test_ours.py").write_text("")
    assert mirrors(paths, tmp_path) == ["tests/model"]


@pytest.fixture
def clone(origin: Origin) -> Repository:
    origin.push({"delivery/a.py": "", "delivery/b.py": ""})
    origin.git("fetch", "--quiet", "origin")
    return origin.repository


def test_work_that_is_not_committed_counts_alone(clone: Repository) -> None:
    (clone.root / "delivery/a.py").write_text("1\n")
    (clone.root / "delivery/new.py").write_text("")
    assert changed(clone.root) == ["delivery/a.py", "delivery/new.py"]
    clone.run("add", "--all")
    assert changed(clone.root) == ["delivery/a.py", "delivery/new.py"], "staged counts too"


def test_a_clean_checkout_is_compared_with_main(clone: Repository) -> None:
    assert changed(clone.root) == []
    (clone.root / "delivery/b.py").write_text("1\n")
    clone.run("commit", "--quiet", "--all", "--message", "Change")
    assert changed(clone.root) == ["delivery/b.py"]


def test_a_repository_without_main_has_nothing_to_compare(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert changed(tmp_path) == []


@pytest.mark.parametrize(
    "files", [{}, {"tests/model/__init__.py": ""}, {"tests/model/test_a.py": ""}]
)
def test_a_fork_without_mirrors_its_model_passes(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "tests.check", "model"], cwd=tmp_path, check=False,
        capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failing_test_of_a_model_fails(tmp_path: Path) -> None:
    (tmp_path / "tests/model").mkdir(parents=True)
    (tmp_path / "tests/model/test_a.py").write_text("def test_a():\n    assert False\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.check", "model"], cwd=tmp_path, check=False,
        capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 1


def test_only_a_test_file_is_a_test(tmp_path: Path) -> None:
    (tmp_path / "test_folder").mkdir()
    (tmp_path / "conftest.py").touch()
    assert not has_tests(tmp_path)
    assert not has_tests(tmp_path / "missing")
    (tmp_path / "test_folder" / "test_a.py").touch()
    assert has_tests(tmp_path)


def files_of_tests(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"test_{name}.py").write_text("def test_a(): ...\ndef test_b(): ...\n")


def test_what_is_not_reached_in_time_is_named_and_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clock strikes with each test that begins; the budget ends after the third."""
    files_of_tests(tmp_path, "one", "two", "three")
    clock = iter(range(100))
    options = ["--rootdir", str(tmp_path), "-p", "no:randomly", "-v", str(tmp_path)]
    code = pytest.main(options, plugins=[Budget(4, lambda: next(clock))])
    shown = capsys.readouterr().out
    assert code == 0
    assert shown.count(" PASSED") == 3
    assert "left to `make test`: test_three.py, test_two.py" in shown


def test_what_took_least_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files_of_tests(tmp_path, "cheap", "a_dear_one")
    cache = tmp_path / ".pytest_cache" / "v" / "costs" / "files"
    cache.parent.mkdir(parents=True)
    cache.write_text('{"test_a_dear_one.py": 30.0, "test_cheap.py": 0.1}')
    pytest.main(["--rootdir", str(tmp_path), "-v", str(tmp_path)], plugins=[Budget(60)])
    shown = capsys.readouterr().out
    assert shown.index("test_cheap.py::") < shown.index("test_a_dear_one.py::")
