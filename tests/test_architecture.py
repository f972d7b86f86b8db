"""The arrows between the packages, the docs and the commands, held by tests."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from delivery.cli.main import cli
from delivery.settings.policy import parse_yaml, read_settings

ROOT = Path(__file__).resolve().parents[1]
OURS = ("model", "pipeline", "serving", "delivery")
ALLOWED = {
    "model": {"model"},
    "pipeline": {"pipeline", "model", "serving.contract"},
    "serving": {"serving"},
    "delivery": {
        "delivery",
        "serving.contract",
        "serving.settings.host",
        "serving.settings.service",
    },
}
NOT_IN_SERVING = {"pandas", "sklearn", "mlflow", "dvc", "lightgbm", "pyarrow"}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def allowed(name: str, package: str) -> bool:
    return any(name == ok or name.startswith(f"{ok}.") for ok in ALLOWED[package])


@pytest.mark.parametrize("package", OURS)
def test_nothing_else_crosses_between_packages(package: str) -> None:
    crossing = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / package).rglob("*.py")
        for name in imports(file)
        if name.split(".")[0] in OURS and not allowed(name, package)
    ]
    assert not crossing


def test_serving_is_light() -> None:
    heavy = [
        f"{file.name} imports {name}"
        for file in [*(ROOT / "serving").rglob("*.py"), ROOT / "service.py"]
        for name in imports(file)
        if name.split(".")[0] in NOT_IN_SERVING
    ]
    assert not heavy


def test_service_is_composition_only() -> None:
    ours = {name for name in imports(ROOT / "service.py") if name.split(".")[0] in OURS}
    assert all(name.startswith("serving") for name in ours)


def commands(group: click.Group, prefix: str = "delivery") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize("command", list(commands(cli)))
def test_every_command_is_in_the_docs(command: str) -> None:
    docs = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert f"`{command}" in docs


def test_the_docs_name_no_command_that_is_not_there() -> None:
    known = set(commands(cli)) | {"delivery pr"}
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = file.read_text(encoding="utf-8")
        for found in re.findall(r"`(delivery [a-z]+(?: [a-z]+)?)", text):
            first = " ".join(found.split()[:2])
            assert found in known or first in known, f"{file.name} names `{found}`"


def test_the_policy_of_the_template_is_valid() -> None:
    assert list(read_settings(ROOT).environments) == ["staging", "production"]


def test_every_stage_is_a_module_a_section_and_a_test() -> None:
    stages = parse_yaml((ROOT / "dvc.yaml").read_text(), "dvc.yaml")["stages"]
    params = parse_yaml((ROOT / "params.yaml").read_text(), "params.yaml")
    for stage in stages:
        assert (ROOT / "pipeline" / f"{stage}.py").is_file()
        assert (ROOT / "tests" / "pipeline" / f"test_{stage}.py").is_file()
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

    for name in ("serving", "pipeline"):
        assert pins(name) <= pins("dev")


def test_the_readme_fits() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_the_project_supports_what_the_installer_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
