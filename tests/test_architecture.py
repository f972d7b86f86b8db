"""The arrows between the packages, the stages and the locks, held by tests."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.documents import parse_yaml
from delivery.settings.policy import read_settings
from tests.costs import LONGEST

ROOT = Path(__file__).resolve().parents[1]
OURS = ("model", "pipeline", "serving", "delivery")

MAIN = 'if __name__ == "__main__"'
SMALL = {
    "delivery/judgement": "before a merge, and on what runs: there is no third moment",
    "delivery/commands/github": "what `delivery github` does: one file a verb",
    "delivery/monitoring/dashboards": "a builder, and what is built",
}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    """What `make lint` says about the layers of the packages at `root`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the rules, to break them in."""
    root = tmp_path_factory.mktemp("copied")
    for package in OURS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_every_room_imports_what_its_layer_allows(copied: Path) -> None:
    done = linted(copied)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("delivery/gates/verdict.py", "import delivery.state.record", "delivery: layers"),
        ("delivery/forge/local.py", "import delivery.storage.store", "delivery: layers"),
        (
            "delivery/gates/rollout/observations/samples.py",
            "import delivery.gates.rollout.dependence.blocks",
            "gates of rollouts",
        ),
        ("delivery/commands/gate.py", "import delivery.commands.scan", "commands do not call"),
        ("delivery/evidence/trial.py", "import delivery.targets.protocol", "evidence knows"),
        ("delivery/bento/build.py", "import pipeline.settings", "packages: what crosses"),
        ("pipeline/train.py", "import serving.http.app", "see documents of serving"),
        ("serving/rows/column.py", "import serving.predict.cache", "serving: layers"),
        ("serving/contract.py", "import pandas", "a bento is light"),
        ("serving/rows/column.py", "import pyarrow", "a bento is light"),
        ("serving/batch/reading/read.py", "import serving.batch.scorer", "serving.batch: layers"),
        ("model/__init__.py", "import serving.contract", "a fork's model"),
    ],
)
def test_a_forbidden_import_is_refused_by_its_rule(
    copied: Path, file: str, line: str, rule: str
) -> None:
    """The negative control of the rules: each is broken once, in a copy."""
    module = copied / file
    text = module.read_text(encoding="utf-8")
    module.write_text(f"{text}\n{line}\n", encoding="utf-8")
    try:
        done = linted(copied)
    finally:
        module.write_text(text, encoding="utf-8")
    assert done.returncode != 0
    broken = [shown for shown in done.stdout.splitlines() if "BROKEN" in shown]
    assert any(rule in shown for shown in broken), done.stdout


def test_service_is_composition_only() -> None:
    ours = {name for name in imports(ROOT / "service.py") if name.split(".")[0] in OURS}
    assert all(name.startswith("serving") for name in ours)


def test_the_policy_of_this_repository_is_valid() -> None:
    assert read_settings(ROOT).environments


def test_every_stage_is_a_module_a_section_and_a_test() -> None:
    stages = parse_yaml((ROOT / "dvc.yaml").read_text(), "dvc.yaml")["stages"]
    params = parse_yaml((ROOT / "params.yaml").read_text(), "params.yaml")
    for stage in stages:
        module = f"{stage}.py", f"test_{stage}.py"
        if (ROOT / "pipeline" / stage).is_dir():
            module = f"{stage}/stage.py", f"{stage}/test_stage.py"
        assert (ROOT / "pipeline" / module[0]).is_file()
        assert (ROOT / "tests" / "pipeline" / module[1]).is_file()
    assert {"prepare", "train", "evaluate", "export"} <= set(params)


def test_the_locks_say_nothing_about_where_they_were_made() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_serving_runs_exactly_what_was_tested() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
        return set(re.findall(r"^([a-z0-9-]+==[^ ;\\]+)", text, flags=re.MULTILINE))

    for name in ("serving", "pipeline", "batch", "delivery"):
        assert pins(name) <= pins("dev")
    assert pins("serving") <= pins("batch")


def test_the_project_supports_what_the_installer_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11.4,<3.14"


def test_the_tests_that_begin_first_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("package", ["delivery", "serving", "pipeline"])
def test_few_modules_stand_beside_the_rooms(package: str) -> None:
    """Programs apart: a stage is called by its name."""
    beside = [file for file in (ROOT / package).glob("[!_]*.py") if MAIN not in file.read_text()]
    assert len(beside) <= 6


def test_a_room_has_three_modules_or_a_reason() -> None:
    small = {
        str(room.relative_to(ROOT))
        for package in ("delivery", "serving", "pipeline")
        for room in (ROOT / package).rglob("*/")
        if (room / "__init__.py").is_file()
        and not any(child.parent.parent == room for child in room.rglob("*/__init__.py"))
        and len([*room.glob("[!_]*.py")]) < 3
    }
    assert small == SMALL.keys()
