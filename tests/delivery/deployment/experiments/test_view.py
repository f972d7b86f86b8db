"""What a person reads of an experiment, and whether a replay may say more."""

from __future__ import annotations

from typing import Literal

import pytest

from delivery.deployment.experiments.conduct import Conduct
from delivery.deployment.experiments.view import replay_of, view
from delivery.settings.experiment import FeedbackSettings
from tests.delivery.deployment.experiments.lab import LONG, Lab
from tests.delivery.deployment.production import ENV, TWO


def test_it_says_the_effect_and_what_is_needed(made: Lab) -> None:
    now = made.begin(day=LONG)
    made.serve(now, (0.5, 0.6), users=200)
    shown = view(made.world, made.place.target, now, FeedbackSettings())
    assert (shown.entities, shown.known) == ((100, 100), (100, 100))
    assert "nobody watches it" in str(shown)
    assert f"50% of the clients meet {TWO}" in str(shown)
    assert " to " in shown.effect
    assert shown.missing
    assert "more users are needed" in str(shown)
    assert "evidence" in shown.sample_ratio
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        assert "nobody watches it" not in str(
            view(made.world, made.place.target, now, FeedbackSettings())
        )


@pytest.mark.parametrize("depends", ["yes", "unknown"])
def test_labels_that_may_depend_on_the_answer_are_not_replayed(
    depends: Literal["yes", "unknown"],
) -> None:
    said = replay_of(FeedbackSettings(depends_on_answer=depends))
    assert said.startswith("no replay: labels ")
    assert f"depends_on_answer: {depends}" in said


def test_labels_that_do_not_are_offered() -> None:
    assert "far fewer" in replay_of(FeedbackSettings(depends_on_answer="no"))
