"""`experiment:` and `feedback:` of delivery.yaml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from delivery.settings.experiment import Experiment, FeedbackSettings
from delivery.settings.policy import parse_settings
from tests.checkout import POLICY


def test_the_share_is_in_whole_slots() -> None:
    assert Experiment(share=25).share == 25
    for share in (0, 7, 100):
        with pytest.raises(ValidationError, match="multiples of 5"):
            Experiment(share=share)


def test_whether_labels_depend_on_the_answer_is_unknown_to_begin_with() -> None:
    text = POLICY.read_text(encoding="utf-8")
    assert parse_settings(text).feedback.depends_on_answer == "unknown"
    for word in ("yes", "no"):  # which other readers of YAML take for true and false
        more = f"{text}\nfeedback: {{ depends_on_answer: {word} }}\n"
        assert parse_settings(more).feedback.depends_on_answer == word
    assert FeedbackSettings.model_validate({"depends_on_answer": True}).depends_on_answer == "yes"


def test_what_was_written_down_is_read_again() -> None:
    made = Experiment(share=25, bounds=(0.0, 9.0), guardrails=("kept",))
    assert Experiment.model_validate(made.model_dump(mode="json")) == made
