"""A finding as people and machines read it."""

from __future__ import annotations

from delivery.monitoring.judges.finding import Finding, alarms


def test_alarms_are_those_that_alarm_in_their_order() -> None:
    found = [
        Finding(str(n), s, "m", "r", "w")
        for n, s in enumerate(("pass", "alarm", "no verdict", "alarm"))
    ]
    assert [each.judge for each in alarms(found)] == ["1", "3"]


def test_json_makes_the_same_finding_again() -> None:
    finding = Finding("scores", "alarm", "PSI 0.3", "≤ 0.2", "moved", {"psi": [0.3]})
    assert Finding(**finding.to_json()) == finding
