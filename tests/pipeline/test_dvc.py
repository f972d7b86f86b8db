"""`dvc repro` as a person runs it, on the minimal model, and dvc.yaml against the code."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.settings import Settings
from tests.checkout import ROOT, make_checkout
from tests.pipeline.conftest import STAGES

pytestmark = pytest.mark.e2e

# Imported everywhere and without influence on what a stage writes.
NOT_LISTED = {"pipeline/__init__.py", "pipeline/errors.py", "serving/strict.py"}

SEALED = ("train", "evaluate", "export")  # they call `fit`, or load what it returned


def pipeline() -> dict[str, Any]:
    return YAML(typ="safe").load(ROOT / "dvc.yaml")


def imported(file: str, seen: set[str]) -> set[str]:
    """The files of `pipeline` and `serving` that `file` imports, at any depth."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            path = name.replace(".", "/") + ".py"
            ours = name.startswith(("pipeline.", "serving.")) and (ROOT / path).is_file()
            if ours and path not in seen:
                seen.add(path)
                imported(path, seen)
    return seen


def module_of(name: str) -> str:
    """The file of a stage."""
    folder = ROOT / "pipeline" / name
    return f"pipeline/{name}/stage.py" if folder.is_dir() else f"pipeline/{name}.py"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_every_module_that_it_imports(name: str) -> None:
    """Otherwise a change of the code would not rerun it."""
    stage = pipeline()["stages"][name]
    sealed = "sealed " if name in SEALED else ""
    assert stage["cmd"] == f"python -m pipeline.{sealed}{name}"
    needed = imported(module_of(name), {module_of(name)}) - NOT_LISTED
    if name != "export":  # export alone writes a contract
        needed.discard("serving/contract.py")
    listed = {path for path in stage["deps"] if path.startswith(("pipeline/", "serving/"))}
    folders = tuple(path for path in listed if path.endswith("/"))
    assert not sealed or any("pipeline/sealed/".startswith(path) for path in folders)
    assert listed - set(folders) == {path for path in needed if not path.startswith(folders)}


def test_a_change_of_the_export_trains_nothing_anew() -> None:
    """Training may take hours, and gives another model where it does not repeat to the bit."""
    stages = pipeline()["stages"]
    assert "pipeline/" in stages["export"]["deps"]
    for name in ("ingest", "prepare", "train"):
        assert "pipeline/" not in stages[name]["deps"]
        assert "pipeline/export/stage.py" not in stages[name]["deps"]


def test_every_stage_has_a_module_a_section_and_a_test() -> None:
    stages = set(pipeline()["stages"])
    assert stages == set(STAGES)
    sections = set(Settings.model_fields) - {"data", "model", "demo"}
    assert sections == stages - {"sources", "ingest"}  # theirs are `data` and `model.load`
    for name in stages:
        module = Path(module_of(name))
        assert (ROOT / module).is_file()
        assert (ROOT / "tests" / module.with_name(f"test_{module.name}")).is_file()


def test_every_parameter_of_the_pipeline_exists() -> None:
    for stage in pipeline()["stages"].values():
        for path in stage["params"]:
            place: Any = Settings
            for name in path.split("."):
                assert name in place.model_fields, path
                place = place.model_fields[name].annotation


class Checkout:
    """A checkout with the minimal model, and the `dvc` of this environment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *command: str, check: bool = True) -> str:
        binaries = str(Path(sys.executable).parent)
        environment = os.environ | {"PATH": binaries + os.pathsep + os.environ["PATH"]}
        environment.pop("MLFLOW_TRACKING_URI", None)
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ran(self, *command: str) -> list[str]:
        return re.findall(r"Running stage '(\w+)'", self.run(*command))

    def change(self, old: str, new: str) -> None:
        file = self.path / "params.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    path = tmp_path_factory.mktemp("checkout")
    made = Checkout(make_checkout(path, "minimal"))
    assert made.ran("dvc", "repro") == list(STAGES)
    return made


def test_a_run_leaves_nothing_but_dvc_lock(checkout: Checkout) -> None:
    assert checkout.run("git", "status", "--porcelain").split() == ["??", "dvc.lock"]
    checkout.run("git", "add", "dvc.lock")
    checkout.run("git", "commit", "-qm", "Train")


def test_nothing_changed_means_that_nothing_runs_but_the_look_at_the_sources(
    checkout: Checkout,
) -> None:
    assert checkout.ran("dvc", "repro") == ["sources"]
    for folder in ("model", "pipeline"):
        (checkout.path / folder / "__pycache__").mkdir(exist_ok=True)
        (checkout.path / folder / "__pycache__" / "x.pyc").write_bytes(b"compiled")
        (checkout.path / folder / ".notes.py.swp").write_bytes(b"an editor's")
    assert checkout.ran("dvc", "repro") == ["sources"]


def test_a_change_of_the_engine_reruns_what_uses_it(checkout: Checkout) -> None:
    module = checkout.path / "pipeline" / "graph" / "quantize.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(f"{text}\n# changed\n", encoding="utf-8")
    assert checkout.ran("dvc", "repro") == ["sources", "export"]
    checkout.run("git", "checkout", "-q", ".")
    checkout.run("dvc", "repro")


def test_an_experiment_reruns_what_it_concerns_and_can_be_compared(checkout: Checkout) -> None:
    ran = checkout.ran("dvc", "exp", "run", "--name", "weak", "-S", "model.fit.C=0.01")
    assert ran == ["sources", "train", "evaluate", "export"]
    assert "weak" in checkout.run("dvc", "exp", "show", "--csv", "--only-changed")
    compared = json.loads(checkout.run("dvc", "metrics", "diff", "--json"))
    assert compared["artifacts/evaluation/metrics.json"]["log_loss"]["diff"] > 0
    plots = json.loads(checkout.run("dvc", "plots", "diff", "--json", "HEAD"))["data"]
    assert {name.removeprefix("dvc.yaml::") for name in plots} == {"roc", "calibration", "errors"}
    checkout.run("git", "checkout", "-q", ".")
    checkout.run("dvc", "checkout")


def test_an_unknown_key_stops_the_run_before_anything_changes(checkout: Checkout) -> None:
    lock = (checkout.path / "dvc.lock").read_bytes()
    checkout.change("evaluate: { threshold: f1 }", "evaluate: { treshold: f1 }")
    output = checkout.run("dvc", "repro", check=False)
    assert "evaluate.treshold: unknown key" in output
    assert "Traceback" not in output
    assert (checkout.path / "dvc.lock").read_bytes() == lock
    checkout.run("git", "checkout", "-q", ".")
