"""A gate has one place: a line in the registry, and files of its name."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from delivery.gates.quality import holdout_reuse
from delivery.gates.registry import GATES, MOMENTS, OVERRIDABLE, Gate, gate, gates_at, table
from delivery.gates.supply_chain import reproducible_build

ROOT = Path(__file__).resolve().parents[3]
names = pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)


def files_of(gate: Gate) -> tuple[str, ...]:
    return (
        f"delivery/gates/{gate.kind}/{gate.name}.py",
        f"delivery/evidence/{gate.kind}/{gate.name}.py",
        f"tests/delivery/gates/{gate.kind}/test_{gate.name}.py",
    )


@names
def test_a_gate_is_these_files_and_its_line(gate: Gate) -> None:
    assert [file for file in files_of(gate) if not (ROOT / file).is_file()] == []
    assert gate.name == gate.module.GATE


def test_no_file_of_a_kind_is_without_its_line() -> None:
    for kind in ("quality", "service", "supply_chain"):
        folder = ROOT / "delivery" / "gates" / kind
        named = {file.stem for file in folder.glob("*.py")} - {"__init__"}
        assert named == {gate.name for gate in GATES if gate.kind == kind}


@names
def test_evidence_is_gathered_for_each_moment_and_no_other(gate: Gate) -> None:
    wanted = {moment for moment, commands in MOMENTS.items() if set(commands) & set(gate.at)}
    there = {moment for moment in MOMENTS if hasattr(gate.evidence, moment)}
    assert there == wanted


@names
def test_a_judge_takes_evidence_and_the_policy_if_there_is_one(gate: Gate) -> None:
    parameters = list(inspect.signature(gate.module.judge).parameters)
    expected = ["evidence", "policy"] if hasattr(gate.module, "Policy") else ["evidence"]
    assert parameters == expected


def test_a_gate_is_asked_with_its_policy_where_it_has_one() -> None:
    reuse, build = gate("holdout_reuse"), gate("reproducible_build")
    for limit, status in ((5, "hold"), (6, "pass")):
        asked = holdout_reuse.Evidence(6), holdout_reuse.Policy(limit=limit)
        assert reuse.judge(*asked).status == status
    same = reproducible_build.Evidence({"a": "1"}, {"a": "1"})
    assert build.judge(same, build.policy()) == reproducible_build.judge(same)


def test_what_nobody_may_override() -> None:
    fixed = {
        "smoke", "vulnerabilities", "signature", "freshness", "executes_code", "reproduction"
    }  # fmt: skip
    assert {gate.name for gate in GATES} - OVERRIDABLE == fixed


def test_every_command_judges_by_something() -> None:
    for commands in MOMENTS.values():
        for command in commands:
            assert list(gates_at(command))


def test_the_docs_have_the_table_of_the_registry() -> None:
    page = (ROOT / "docs" / "gates" / "README.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- gates:begin -->\n")
    shown, end, _ = rest.partition("\n<!-- gates:end -->")
    assert end
    assert shown == table(), (
        "the table is made by `delivery.gates.registry.table`: put its output between the markers"
    )


def test_where_no_service_runs_nobody_asks_one() -> None:
    asked = {gate.name for gate in gates_at("deploy", service=False)}
    assert asked == {"parity", "contract", "signature"}
    left_out = {gate.name for gate in gates_at("promote")} - {
        gate.name for gate in gates_at("promote", service=False)
    }
    assert left_out == {"load", "latency"}
