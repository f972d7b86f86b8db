"""A rule as Prometheus reads it."""

from __future__ import annotations

from delivery.monitoring.rules.rule import Alert, Group, Recording

ALERT = Alert("ItBurns", "fire > 0", "page", "It burns.", lasts="5m")


def test_an_alert_says_how_bad_it_is_and_where_to_read_on() -> None:
    assert ALERT.to_yaml("https://example.com/o/n") == {
        "alert": "ItBurns",
        "expr": "fire > 0",
        "for": "5m",
        "labels": {"severity": "page"},
        "annotations": {
            "summary": "It burns.",
            "runbook_url": "https://example.com/o/n/blob/main/docs/runbook.md#itburns",
        },
    }


def test_without_an_address_links_are_relative() -> None:
    assert ALERT.to_yaml("")["annotations"]["runbook_url"] == "docs/runbook.md#itburns"


def test_a_group_keeps_the_order_of_its_rules() -> None:
    group = Group("burning", "1m", (Recording("fire", "sum(smoke)"), ALERT))
    document = group.to_yaml("")
    assert document["interval"] == "1m"
    assert document["rules"][0] == {"record": "fire", "expr": "sum(smoke)"}
    assert group.alerts() == (ALERT,)
