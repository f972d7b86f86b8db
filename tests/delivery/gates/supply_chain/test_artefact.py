"""What a bento may hold: at, below and above each limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.gates.supply_chain.artefact import Evidence, Flaw, Graph, Policy, judge

GRAPH = Graph("m/model.onnx", "", {"ai.onnx": "Add", "ai.onnx.ml": "Scaler"}, ("weights.bin",))
GOOD = Evidence({"m/model.onnx": 1_000_000, "m/weights.bin": 1_000_000}, {}, (GRAPH,))


def test_a_graph_with_its_data_beside_it_passes() -> None:
    assert judge(GOOD, Policy()).status == "pass"


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ({"max_mb": 1.9}, "fail"),
        ({"max_mb": 2}, "pass"),
        ({"max_files": 1}, "fail"),
        ({"max_files": 2}, "pass"),
        ({"domains": ("ai.onnx",)}, "fail"),
    ],
)
def test_limits(policy: dict[str, object], status: str) -> None:
    assert judge(GOOD, Policy.model_validate(policy)).status == status


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("../weights.bin", "outside its folder"),
        ("/etc/passwd", "outside its folder"),
        ("a/../../weights.bin", "outside its folder"),
        ("..\\weights.bin", "outside its folder"),
        ("other.bin", "is not there"),
    ],
)
def test_external_data_stays_beside_the_graph(location: str, text: str) -> None:
    graph = replace(GRAPH, external=(location,))
    verdict = judge(replace(GOOD, graphs=(graph,)), Policy())
    assert verdict.status == "fail"
    assert text in verdict.why


def test_what_the_checker_says_and_what_is_opaque_is_named() -> None:
    broken = replace(GRAPH, problem="no opset")
    verdict = judge(replace(GOOD, graphs=(broken,), opaque={"m/x": "a pickle"}), Policy())
    assert (verdict.status, verdict.why) == (
        "fail", "m/x is a pickle; m/model.onnx is no valid graph: no opset"
    )  # fmt: skip


@pytest.mark.parametrize(("severity", "status"), [("low", "pass"), ("medium", "fail")])
def test_code_is_refused_from_a_severity_on(severity: str, status: str) -> None:
    flaw = Flaw("predictor/__init__.py:3", severity, "exec")  # type: ignore[arg-type]
    code = replace(GOOD, graphs=(), code=(flaw,))
    assert judge(code, Policy()).status == status


def test_nothing_to_look_at_holds() -> None:
    assert judge(replace(GOOD, graphs=()), Policy()).status == "hold"
    assert judge(replace(GOOD, missing="bandit gave no report"), Policy()).status == "hold"
