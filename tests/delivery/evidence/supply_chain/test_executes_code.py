"""Whether a model is code is read from its contract, later from its record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.evidence.supply_chain.executes_code import admit, gather
from delivery.gates.supply_chain.executes_code import Evidence
from tests.delivery.evidence.submitted import Desk, candidate
from tests.origin import Origin, record

ONE = "r-111111111111"


@pytest.mark.parametrize(("runtime", "is_code"), [("onnx", False), ("python", True)])
def test_a_candidate_is_code_by_the_runtime_of_its_contract(
    origin: Origin, tmp_path: Path, runtime: str, is_code: bool
) -> None:
    made = candidate(tmp_path)
    made = replace(made, contract=made.contract.model_copy(update={"runtime": runtime}))
    evidence = gather(Desk(origin, tmp_path).trial(made))
    assert evidence == Evidence("staging", executes_code=is_code, allowed=False)


@pytest.mark.parametrize("allowed", [True, False])
def test_what_is_wanted_is_judged_by_the_policy_of_main(origin: Origin, allowed: bool) -> None:
    settings = (origin.path / "delivery.yaml").read_text()
    text = settings.replace("executes_code: true", "executes_code: false")
    if allowed:
        text = text.replace("  staging:\n", "  staging:\n    executes_code: true\n", 1)
    origin.push({"delivery.yaml": text})
    origin.want("staging", ONE)
    attempt = Desk(origin, origin.path).world.snapshot().attempt("staging")
    for is_code in (True, False):
        made = record(ONE).model_copy(update={"executes_code": is_code})
        assert admit(attempt, made) == Evidence("staging", is_code, allowed)
