"""docs/architecture.md against the tree: its paths, its rooms and the functions that it names."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.checkout import template_alone

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATH = re.compile(r"`([\w.\-]+(?:/[\w.\-]*)+|[\w\-]+\.(?:py|yaml|yml|toml|md))`")
STEP = re.compile(r"^\| .+ \| `([\w./]+\.py)` \| `(\w+)` \|$", re.MULTILINE)
LAYER = re.compile(r"^\| `delivery/(\w+)/` \| .+? \| (\d+) \|", re.MULTILINE)


def rooms(package: str) -> set[str]:
    """The packages directly below a package."""
    return {f"{package}/{file.parent.name}/" for file in (ROOT / package).glob("*/__init__.py")}


def definitions(file: Path) -> set[str]:
    """The names of all functions and classes, methods and inner functions too."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_every_path_is_there() -> None:
    paths = set(PATH.findall(PAGE))
    assert len(paths) > 80
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("package", ["delivery", "serving", "pipeline"])
def test_every_room_has_its_line(package: str) -> None:
    lines = re.findall(rf"^\| `({package}/\w+/)` \|", PAGE, re.MULTILINE)
    assert set(lines) - {f"{package}/"} == rooms(package)
    assert len(lines) == len(set(lines))


def test_rooms_of_delivery_stand_in_the_layers_that_are_held() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["name"] == "delivery: layers")
    held = {
        name.strip(): str(number)
        for number, layer in enumerate(layers, start=1)
        for name in re.split("[|:]", layer)
    }
    shown = dict(LAYER.findall(PAGE))
    assert shown == {name: held[name] for name in shown}


def test_every_step_names_a_function_of_its_file() -> None:
    steps = STEP.findall(PAGE)
    assert len(steps) > 30
    assert [(file, name) for file, name in steps if name not in definitions(ROOT / file)] == []


@template_alone
@pytest.mark.parametrize("package", ["delivery", "serving", "pipeline"])
def test_the_readme_names_every_room(package: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("## Where things are")
    shown, _, _ = rest.partition("## Day to day")
    words = set(re.findall(r"(?<!\S)(\w+)/?(?=[\s,;])", shown))
    assert {room.split("/")[1] for room in rooms(package)} - words == set()
