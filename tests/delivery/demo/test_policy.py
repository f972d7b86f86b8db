"""The demo's production has a shadow and a canary, and its own policy beside them."""

from __future__ import annotations

from pathlib import Path

from delivery.demo.policy import roll_out_in_steps
from delivery.settings.policy import read_settings
from tests.checkout import POLICY


def test_the_last_environment_rolls_out_in_steps_and_nothing_else_changes(tmp_path: Path) -> None:
    file = tmp_path / "delivery.yaml"
    file.write_text(POLICY.read_text(encoding="utf-8"))
    before = read_settings(tmp_path)
    roll_out_in_steps(file)
    after = read_settings(tmp_path)
    *others, last = after.environments.values()
    assert last.rollout.shadow
    assert last.rollout.canary
    kept = {"environments": before.environments}
    assert after.model_copy(update=kept) == before
    assert others == list(before.environments.values())[:-1]
    assert (
        last.model_copy(update={"rollout": before.environments["production"].rollout})
        == (before.environments["production"])
    )


def test_where_a_target_has_no_steps_the_policy_stays(tmp_path: Path) -> None:
    file = tmp_path / "delivery.yaml"
    text = "environments:\n  nightly:\n    target: { kind: batch }\n"
    file.write_text(text)
    roll_out_in_steps(file)
    assert file.read_text() == text
