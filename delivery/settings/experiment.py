"""`experiment:` of an environment, and what `feedback:` says of the labels that come later."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from delivery.gates.rollout import experiment
from delivery.settings.rollout import SLOT
from serving.strict import Strict

FEEDBACK = "feedback"
OUTCOME = "outcome"
NEEDS = ("lasting", "shares", "sticky", "records")  # the capabilities that a target has to have


class Experiment(experiment.Policy):
    """How two verified releases are compared by what their users do.

    `share` of the clients, in percent, meet the challenger; `header` names the request header that
    says who asks. `outcome` is `feedback`, or the path of a file of events in the checkout;
    `metric` and `guardrails` name what its lines measure. The outcome of a user is the mean of what
    was told within `after_s` seconds of the first request.
    """

    share: int = 50
    header: str = Field(default="", pattern=r"^[A-Za-z0-9-]*$")
    outcome: str = FEEDBACK
    metric: str = OUTCOME
    guardrails: tuple[str, ...] = ()
    after_s: float = Field(default=7 * 86_400, gt=0)

    @field_validator("share")
    @classmethod
    def _is_of_slots(cls, value: int) -> int:
        if value % SLOT or not 0 < value < 100:
            raise ValueError(f"a share is a percentage in multiples of {SLOT}, below 100")
        return value


class FeedbackSettings(Strict):
    """`depends_on_answer`: would the label be another one if the model had answered otherwise? A
    flight is late whatever was predicted; a click depends on what was shown."""

    depends_on_answer: Literal["no", "yes", "unknown"] = "unknown"

    @field_validator("depends_on_answer", mode="before")
    @classmethod
    def _by_word(cls, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
