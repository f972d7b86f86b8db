"""Adding a gate touches these files and nothing else: one is added to a copy of the tree and runs.

CONTRIBUTING.md lists the files for people.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from delivery.gates.registry import OVERRIDABLE

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("delivery", "serving", "tests", "docs/gates")

GATE = '''\
"""A model must not ask for more inputs than somebody can supply."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "toy"


class Policy(Strict):
    """`inputs`: the most that a model may have."""

    inputs: int = Field(default=100, ge=1)


@dataclass(frozen=True)
class Evidence:
    """How many inputs the contract has."""

    inputs: int


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Fail above the limit."""
    measured, required = f"{evidence.inputs} inputs", f"at most {policy.inputs} inputs"
    if evidence.inputs > policy.inputs:
        return Verdict(GATE, "fail", measured, required, "the model asks for too much")
    return Verdict(GATE, "pass", measured, required, "the model asks for little enough")
'''

GATHER = '''\
"""How many inputs a candidate has."""

from __future__ import annotations

from delivery.evidence.trial import Trial
from delivery.gates.quality.toy import Evidence


def gather(trial: Trial) -> Evidence:
    """From the contract; no server is asked."""
    return Evidence(len(trial.bento.contract.inputs))
'''

TEST = '''\
"""The limit on inputs."""

from __future__ import annotations

import pytest

from delivery.gates.quality.toy import Evidence, Policy, judge


@pytest.mark.parametrize(("inputs", "status"), [(4, "pass"), (5, "pass"), (6, "fail")])
def test_more_inputs_than_the_limit_fail(inputs: int, status: str) -> None:
    assert judge(Evidence(inputs), Policy(inputs=5)).status == status
'''

CONTROL = '''

def test_a_model_with_too_many_inputs_is_refused_by_toy(tmp_path: Path) -> None:
    """A bento that nobody has to serve: the double says that it does not answer."""
    from types import SimpleNamespace

    from delivery.evidence.evaluation import Evaluation
    from delivery.evidence.predictions import Answer
    from delivery.evidence.trial import Trial
    from delivery.gates.registry import gate
    from delivery.judgement.proposed import judge_trial
    from tests.delivery.bentos import splits, write_splits
    from tests.serving.tiny import tiny_frame

    bento = Bento("candidate", tmp_path / "bento")
    write_tiny_model(bento.model)
    (bento.path / "bento.yaml").write_text("service: toy")
    data = write_splits(tmp_path / "data", splits(tiny_frame(18_400)))
    silent = SimpleNamespace(progress=print, holdout=lambda *_: Answer(None, "no server"))
    for limit, status in ((4, "fail"), (5, "pass")):
        policy = GatesPolicy.model_validate({"toy": {"inputs": limit}})
        trial = Trial(bento, None, Evaluation(data), policy, silent)
        (verdict,) = judge_trial(trial, [gate("toy")]).verdicts
        assert (verdict.gate, verdict.status, verdict.measured) == ("toy", status, "5 inputs")
'''

SECTION = """
## toy

**Protects from.** A model that asks for more inputs than somebody can supply.

**Evidence.** The number of inputs in the contract.

**Test.** The number is within the limit.

**Default.** `inputs`: 100.

**Tune.** Raise `inputs` if all of them are at hand.

| tried | shown by |
|---|---|
| one input more than the limit | `test_a_model_with_too_many_inputs_is_refused_by_toy` |
"""

LINE = '    Gate("toy", "quality", "a model that asks for more than somebody can supply"),\n'
FIRST = "GATES = (\n"
WRITE_TABLE = """
from pathlib import Path
from delivery.gates.registry import table

page = Path("docs/gates/README.md")
head, _, rest = page.read_text().partition("<!-- gates:begin -->")
_, _, tail = rest.partition("<!-- gates:end -->")
page.write_text(f"{head}<!-- gates:begin -->\\n{table()}\\n<!-- gates:end -->{tail}")
"""

# File → its text with the gate; "" before for a new file.
TOUCHED: Mapping[str, Callable[[str], str]] = {
    "delivery/gates/quality/toy.py": lambda _: GATE,
    "delivery/evidence/quality/toy.py": lambda _: GATHER,
    "tests/delivery/gates/quality/test_toy.py": lambda _: TEST,
    "tests/negative/test_inside.py": lambda text: text + CONTROL,
    "docs/gates/quality.md": lambda text: text + SECTION,
    "delivery/gates/registry.py": lambda text: text.replace(FIRST, FIRST + LINE, 1),
}  # and the table in docs/gates/README.md, which is made

USE = """
from delivery.gates.registry import gates_at
from delivery.settings.overrides import parse_overrides
from delivery.settings.policy import parse_settings

environments = "environments: {production: {target: {kind: local, port: 7102}, overrides: [toy]}}"
settings = parse_settings(environments + "\\ngates: {toy: {inputs: 7}}")
assert settings.gates.section("toy").inputs == 7
assert settings.environment("production").may_override("toy")
assert parse_overrides("it is wanted", ["toy"]).reasons == {"toy": "it is wanted"}
at = [command for command in ("gate", "release", "promote")
      if "toy" in [gate.name for gate in gates_at(command)]]
print(*at)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, their tests and the pages of the gates, with one gate more."""
    root = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    for name, change in TOUCHED.items():
        file = root / name
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text(change(before), encoding="utf-8")
    python(root, "-c", WRITE_TABLE)
    return root


def python(root: Path, *arguments: str) -> str:
    """What Python prints in the copy, whose packages come before those of this checkout."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_tree_has_no_such_gate_before() -> None:
    assert "toy" not in OVERRIDABLE


def test_a_new_gate_keeps_every_rule_about_gates_and_blocks(tree: Path) -> None:
    tests = (
        "tests/delivery/gates/test_registry.py",
        "tests/negative/test_coverage.py",
        "tests/delivery/gates/quality/test_toy.py",
        "tests/negative/test_inside.py::test_a_model_with_too_many_inputs_is_refused_by_toy",
    )
    shown = python(tree, "-m", "pytest", "-p", "no:cacheprovider", "-vv", *tests)
    assert "is_refused_by_toy PASSED" in shown
    assert "[toy] PASSED" in shown


def test_settings_and_the_command_line_know_a_new_gate(tree: Path) -> None:
    assert python(tree, "-c", USE).split() == ["gate", "release", "promote"]


def test_a_gate_without_its_section_is_seen(tree: Path) -> None:
    """The negative control of the rules themselves."""
    page = tree / "docs/gates/quality.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(SECTION, ""), encoding="utf-8")
    try:
        with pytest.raises(AssertionError, match="must have one section `## toy`"):
            python(
                tree, "-m", "pytest", "-p", "no:cacheprovider", "tests/negative/test_coverage.py"
            )
    finally:
        page.write_text(text, encoding="utf-8")
