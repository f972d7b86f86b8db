"""Code of a model runs where the environment lets it."""

from __future__ import annotations

import pytest

from delivery.gates.supply_chain import executes_code


@pytest.mark.parametrize(
    ("code", "allowed", "status"),
    [(False, False, "pass"), (False, True, "pass"), (True, True, "pass"), (True, False, "fail")],
)
def test_code_runs_where_it_is_allowed(code: bool, allowed: bool, status: str) -> None:
    verdict = executes_code.judge(executes_code.Evidence("production", code, allowed))
    assert verdict.status == status
    assert ("environments.production.executes_code" in verdict.why) == code
