"""docs/model.md shows models that run as they stand and pass `make lint` in a fork."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import MODELS, ROOT, put_model

MINIMAL = MODELS / "minimal"
FILES = ("model/__init__.py", "params.yaml")
DOCS = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
PYTHON = re.compile(r"^```python\n# (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def snippets(path: str) -> list[str]:
    """What docs/model.md shows of the file `path`, in order."""
    return [text for name, text in PYTHON.findall(DOCS) if name == path]


@pytest.mark.parametrize("name", FILES)
def test_the_docs_show_the_minimal_model_as_it_is(name: str) -> None:
    assert (MINIMAL / name).read_text(encoding="utf-8") in DOCS


def test_the_minimal_model_has_at_most_60_lines() -> None:
    lines = [len((MINIMAL / name).read_text(encoding="utf-8").splitlines()) for name in FILES]
    assert sum(lines) <= 60


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's configuration, and below `model/` a package for each model that a fork may
    have: the fixture models, and what the docs show."""
    root = tmp_path_factory.mktemp("fork")
    (root / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(), encoding="utf-8")
    models = {
        folder.name: (folder / "model" / "__init__.py").read_text(encoding="utf-8")
        for folder in MODELS.iterdir()
    }
    model, behaviours, labels, save = snippets("model/__init__.py")
    (predictor,) = snippets("model/predictor/__init__.py")
    models |= {"shown": f"{model}\n\n{behaviours}", "labels": labels, "save": save}
    models |= {"predictor": predictor, "": ""}
    for name, text in models.items():
        package = root / "model" / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(text, encoding="utf-8")
    write_own_test(root)
    return root


def write_own_test(root: Path) -> None:
    (text,) = snippets("tests/model/test_tumours.py")
    folder = root / "tests" / "model"
    folder.mkdir(parents=True)
    (folder / "test_tumours.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        # With a cache of its own it would read the stubs of pandas for half a minute.
        ("mypy", "-p", "model", "--cache-dir", f"{ROOT}/.mypy_cache"),
    ],
    ids=["check", "format", "types"],
)
def test_the_models_of_the_docs_and_of_the_tests_pass_make_lint(
    fork: Path, command: tuple[str, ...]
) -> None:
    tool = Path(sys.executable).parent / command[0]
    done = subprocess.run([tool, *command[1:]], cwd=fork, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_own_test_of_the_docs_passes_with_the_minimal_model(tmp_path: Path) -> None:
    """A fork replaces tests/model/: without a test there its check could never pass."""
    put_model(tmp_path, "minimal")
    write_own_test(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/model"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_notebook_of_the_docs_imports_is_there() -> None:
    text = (ROOT / "docs" / "experiment.md").read_text(encoding="utf-8")
    imports = re.findall(r"^from (pipeline[\w.]*) import (.+)$", text, re.MULTILINE)
    for module, names in imports:
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name)
