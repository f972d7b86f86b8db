"""When a retrain is proposed, and when not."""

from __future__ import annotations

import pytest

from delivery.monitoring.judges.finding import Finding, Status
from delivery.monitoring.judges.rows import DAY
from delivery.monitoring.judges.trigger import Past, decide
from delivery.settings.monitoring import Monitoring

NOW = 20_000 * DAY
POLICY = Monitoring()
EXPECTED = Monitoring.model_validate({"labels": {}})


def findings(**statuses: Status) -> list[Finding]:
    return [Finding(name, status, "", "", "") for name, status in statuses.items()]


@pytest.mark.parametrize("judge", ["scores", "loss"])
def test_drift_of_the_scores_and_a_worse_release_ask_for_a_retrain(judge: str) -> None:
    assert decide(findings(**{judge: "alarm"}), Past(), NOW, POLICY).propose


@pytest.mark.parametrize("judge", ["errors", "latency", "volume", "freshness", "unseen", "units"])
def test_other_alarms_do_not(judge: str) -> None:
    assert not decide(findings(**{judge: "alarm", "scores": "pass"}), Past(), NOW, POLICY).propose


@pytest.mark.parametrize("judge", ["missing", "units", "refused", "labels"])
def test_no_model_learns_from_what_is_broken(judge: str) -> None:
    decision = decide(findings(scores="alarm", **{judge: "alarm"}), Past(), NOW, POLICY)
    assert not decision.propose
    assert f"{judge}: mend this first" in decision.why


def test_one_is_open_at_a_time() -> None:
    decision = decide(findings(scores="alarm"), Past(open_pull=7), NOW, POLICY)
    assert (decision.propose, decision.why) == (False, "the retrain pull request #7 is open")


@pytest.mark.parametrize(("days", "propose"), [(13.9, False), (14, True)])
def test_it_cools_down(days: float, propose: bool) -> None:
    past = Past(proposed=NOW - days * DAY)
    assert decide(findings(loss="alarm"), past, NOW, POLICY).propose == propose


@pytest.mark.parametrize(("labels", "propose"), [("pass", True), ("no verdict", False)])
def test_where_labels_are_expected_some_have_to_be_there(labels: Status, propose: bool) -> None:
    found = findings(scores="alarm", labels=labels)
    assert decide(found, Past(), NOW, EXPECTED).propose == propose
    assert decide(found, Past(), NOW, POLICY).propose, "nobody waits for labels here"


SNOOZE = {"trigger": "scores", "until": "2024-10-04", "reason": "the new fleet flies from October"}
END = 20_001 * DAY  # of the day that 20,000 is, 4 October 2024


@pytest.mark.parametrize(("moment", "propose"), [(END - 1, False), (END, True)])
def test_a_person_puts_a_trigger_off_to_the_end_of_a_day(moment: float, propose: bool) -> None:
    policy = Monitoring.model_validate({"snooze": [SNOOZE]})
    decision = decide(findings(scores="alarm"), Past(), moment, policy)
    assert decision.propose == propose
    if not propose:
        why = "scores is snoozed until 2024-10-04: the new fleet flies from October"
        assert decision.why == why


def test_the_other_trigger_stays_awake() -> None:
    policy = Monitoring.model_validate({"snooze": [SNOOZE]})
    decision = decide(findings(scores="alarm", loss="alarm"), Past(), NOW, policy)
    assert (decision.propose, decision.why) == (True, "alarm: loss")
