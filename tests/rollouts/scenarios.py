"""What can be wrong with a candidate, with its champion, with the router, or with nothing."""

from __future__ import annotations

import re
import signal
import time

from tests.delivery.deployment.production import TWO
from tests.rollouts.scenario import ROLLING, Scenario, Stage


def crash(stage: Stage) -> None:
    """The candidate dies with all its processes."""
    for process in stage.target.runtime.files.current(TWO).server.process.members():
        process.kill()


def astray(stage: Stage) -> None:
    """The router leads half of the slots to the candidate, whatever it was told."""
    router = stage.target.router
    text = router.file.path.read_text(encoding="utf-8")
    router.file.path.write_text(re.sub(r"\^\(.*?\)\$", "^([0-9])$", text), encoding="utf-8")
    router.process.leader().send_signal(signal.SIGHUP)


def outage(stage: Stage) -> None:
    """What both releases need is away for a moment, from the beginning of a step on."""
    stage.away.touch()
    time.sleep(0.4)
    stage.away.unlink()


VERIFIED, REJECTED, INCONCLUSIVE = "verified", "rejected", "inconclusive"


def scenarios(*, slow: float, fails: float) -> tuple[Scenario, ...]:
    """`slow`: how much longer a slow candidate takes; `fails`: what share a bad one fails."""
    base = {"seconds": 0.01}
    blameless = (VERIFIED, INCONCLUSIVE, ROLLING)
    return (
        Scenario("healthy, then rolled back", ("revoked",), rolls_back=True),
        Scenario("fails", (REJECTED,), candidate={"fails": fails}),
        Scenario(
            "errors in bursts, of both",
            blameless,
            champion={"fails": 0.02, "burst": 5},
            candidate={"fails": 0.02, "burst": 5},
        ),
        Scenario("slower", (REJECTED,), champion=base, candidate={"seconds": 0.01 * (1 + slow)}),
        Scenario("crashes at 25%", (REJECTED,), harm=crash, at=25),
        Scenario("a router that leads astray", (INCONCLUSIVE,), harm=astray),
        Scenario("a champion that is broken", blameless, champion={"fails": 0.2}),
        Scenario("an outage of both", blameless, harm=outage, at=25),
        Scenario("no traffic", (INCONCLUSIVE,), traffic=False),
    )
