"""Small steps downhill add up, and somebody has to notice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from delivery.gates.quality.best import Evidence, Policy, judge
from tests.delivery.gates.paired_data import exactly, paired

POLICY = Policy(margin=2**-6)  # a power of two: "at the margin" is exact


def against(relative: float, **shape: Any) -> Evidence:
    return Evidence({"r-1": exactly(relative, **shape)})


@pytest.mark.parametrize(("beyond", "status"), [(-1e-6, "pass"), (0.0, "pass"), (1e-6, "fail")])
def test_the_bound_may_reach_the_margin_but_not_pass_it(beyond: float, status: str) -> None:
    verdict = judge(against(2**-6 + beyond), POLICY)
    assert verdict.status == status
    assert ("r-1" in verdict.why) == (status == "fail")


def test_one_of_several_is_enough_and_is_named() -> None:
    verdict = judge(Evidence({"r-1": exactly(-0.1), "r-2": exactly(0.1)}), POLICY)
    assert verdict.status == "fail"
    assert "worse than r-2, proven" in verdict.why


def test_rows_that_cannot_tell_hold() -> None:
    assert judge(Evidence({"r-1": paired(0.001, spread=0.05)}), POLICY).status == "hold"


def test_without_rivals_it_passes_and_names_what_was_left_out() -> None:
    assert judge(Evidence(), POLICY).status == "pass"
    verdict = judge(Evidence(left_out={"r-3": "it answers another question"}), POLICY)
    assert verdict.status == "pass"
    assert "r-3 is left out: it answers another question" in verdict.why


def test_bytes_that_cannot_be_had_hold() -> None:
    verdict = judge(replace(against(-0.5), missing="r-2: no bytes"), POLICY)
    assert (verdict.status, verdict.why) == ("hold", "r-2: no bytes")


def test_nan_holds() -> None:
    assert judge(against(np.nan), POLICY).status == "hold"


@pytest.mark.parametrize("shape", [{"rows": POLICY.minimum_rows - 1}, {"clusters": 9}])
def test_too_few_rows_or_clusters_hold(shape: dict[str, int]) -> None:
    assert judge(against(-0.1, **shape), POLICY).status == "hold"
    enough = {"rows": POLICY.minimum_rows, "clusters": POLICY.minimum_clusters}
    assert judge(against(-0.1, **enough), POLICY).status == "pass"
