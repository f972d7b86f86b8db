"""The section `gates:` of delivery.yaml: a key for each gate, old names stay readable."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from delivery.gates.policy import GatesPolicy
from delivery.gates.quality.champion import Policy as ChampionPolicy
from delivery.gates.registry import GATES, RENAMED, gate
from serving.strict import Strict


def test_older_names_are_read() -> None:
    policy = GatesPolicy.model_validate({"looks": {"limit": 2}, "reproducible": {}})
    assert policy == GatesPolicy.model_validate({"holdout_reuse": {"limit": 2}})
    for old, new in RENAMED.items():
        assert gate(old) is gate(new)


def test_an_old_name_beside_the_new_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="looks is the old name of holdout_reuse"):
        GatesPolicy.model_validate({"looks": {}, "holdout_reuse": {}})


def test_each_gate_has_its_section_with_its_defaults() -> None:
    policies = GatesPolicy()
    assert set(GatesPolicy.model_fields) == {gate.name for gate in GATES}
    for each in GATES:
        assert policies.section(each.name) == each.policy()


def test_a_policy_is_found_by_its_class() -> None:
    policies = GatesPolicy.model_validate({"champion": {"minimum_rows": 7}})
    assert policies.of(ChampionPolicy).minimum_rows == 7
    with pytest.raises(KeyError):
        policies.of(Strict)


@pytest.mark.parametrize(
    ("content", "named"),
    [({"champoin": {}}, "champoin"), ({"champion": {"margni": 1}}, "champion.margni"), (7, "")],
)
def test_what_no_gate_knows_is_refused(content: object, named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GatesPolicy.model_validate(content)
    assert ".".join(map(str, caught.value.errors()[0]["loc"])) == named
