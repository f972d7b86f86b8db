"""What a tick did, as an event tells it."""

from __future__ import annotations

from delivery.deployment.strategies.action import Begin, BeginShadow
from delivery.deployment.transition import Step, begun, record_event, summary
from delivery.events.event import State
from delivery.gates.verdict import Verdict
from tests.delivery.place import World
from tests.origin import Origin

ONE = "r-111111111111"


def test_who_comes_second_leaves_the_event_of_the_first(origin: Origin) -> None:
    world = World(origin.path, lambda _: None)
    origin.want("staging", ONE)
    attempt = world.snapshot().attempt("staging")
    for why in ("first", "second"):
        record_event(world, attempt, "rejected", {"why": why})
    (event,) = world.snapshot().attempt("staging").events
    assert (event.release, event.target, event.evidence) == (ONE, "local", {"why": "first"})


def test_the_summary_says_what_blocks_and_what_a_person_overrode() -> None:
    verdicts = (
        Verdict("smoke", "pass", "up", "", ""),
        Verdict("load", "fail", "300 ms", "", "", override="urgent"),
        Verdict("parity", "hold", "nothing", "", ""),
    )
    assert summary(verdicts) == {
        "why": "parity: nothing",
        "verdicts": {"smoke": "pass", "load": "fail", "parity": "hold"},
        "overrides": {"load": "urgent"},
    }
    assert "overrides" not in summary(verdicts[:1])


def test_what_a_shadow_measured_stays_with_the_event() -> None:
    """Logs are rotated, so nobody can measure it again."""
    verdict = Verdict("shadow", "pass", "mean |Δ| 0.01", "r", "w")
    assert summary((verdict,))["shadow"] == "mean |Δ| 0.01"
    assert begun(Begin(5, ONE), (verdict,)) == {
        "share": 5, "champion": ONE, "header": "",
        "verdicts": {"shadow": "pass"}, "shadow": "mean |Δ| 0.01",
    }  # fmt: skip
    assert begun(BeginShadow(ONE, 10), ()) == {"champion": ONE, "mirror": 10, "verdicts": {}}


def test_a_step_is_final_where_its_state_is_or_nothing_is_wanted() -> None:
    assert Step("staging", ONE, State.VERIFIED, "verified").final
    assert not Step("staging", ONE, State.MERGED, "waits").final
    assert Step("staging", ONE, State.MERGED, "closed", idle=True).final
