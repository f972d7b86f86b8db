"""Commands that are killed at a random moment, and run again."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from random import Random

from delivery.events.event import Event
from delivery.git.refs import LogName
from tests.chaos.ledger import Change, Ledger, ledger
from tests.chaos.world import ENV, World


def kill_proposal(world: World, chance: Random) -> None:
    before, release = ledger(world), world.next_release()
    _killed(world, chance, "propose", ENV, release.id)
    _expect(world, before, Change(pulls=("open",), branches=1, proposals=1))
    world.require("pr", "merge", str(max(ledger(world).pulls)))
    world.require("deploy", ENV)


def kill_merge(world: World, chance: Random) -> None:
    world.run("propose", ENV, world.next_release().id)
    before = ledger(world)
    number = max(before.pulls)
    _killed(world, chance, "pr", "merge", str(number))
    _expect(world, before, Change(pulls=("merged",), branches=-1, merges=1))
    world.require("deploy", ENV)


def kill_deploy(world: World, chance: Random) -> None:
    world.merge_next()
    before = ledger(world)
    _killed(world, chance, "deploy", ENV)
    _expect(world, before, Change(events=("deployed", "verified")))


def kill_rollback(world: World, chance: Random) -> None:
    world.promote_next()
    before = ledger(world)
    _killed(world, chance, "rollback", ENV, "--reason", "chaos")
    events = ("revoked-1", "deployed", "verified")  # it deploys what it merged
    _expect(world, before, Change(events, pulls=("merged",), proposals=1, merges=1))


def kill_attest(world: World, chance: Random) -> None:
    """Somebody who can push, and whom nobody listed, wrote an event."""
    stranger = replace(world.origin, environ={"XDG_DATA_HOME": str(world.folder / "stranger")})
    attempt = world.origin.attempt(ENV)
    forged = Event(ENV, attempt, "revoked-1", world.next_release().id, "local", {})
    assert stranger.events.write(
        forged, world.origin.snapshot().ledger.kinds(LogName(ENV), attempt)
    )
    (entry,) = world.context.snapshot().ledger.doubts(ENV).unattested
    before = ledger(world)
    _killed(world, chance, "attest", ENV, "--reason", "chaos", "--disown", entry)
    _expect(world, before, Change())


def _killed(world: World, chance: Random, *arguments: str) -> None:
    """SIGKILL at a random moment, and run again."""
    for _ in range(chance.choice((1, 1, 2))):
        process = world.start(*arguments)
        try:
            process.wait(timeout=chance.uniform(0.0, world.usual(arguments[0])))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    world.require(*arguments)


def _expect(world: World, before: Ledger, change: Change) -> None:
    came = ledger(world).since(before)
    assert came == change, f"left {came}, and without a kill it is {change}"
