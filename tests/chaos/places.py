"""Files, a disk and an origin that are lost for a while. `delivery deploy` makes it good."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from random import Random

from tests.chaos.world import BUG, ENV, World

STATE = ("instance.json", "server.json", "route.yml", "router.json", "settled.json")


def empty_state(world: World, chance: Random) -> None:
    """One file of those of the release or the router that is live."""
    name = chance.choice(STATE)
    for file in (world.workspace / "targets" / ENV).rglob(name):
        file.write_text("")
    world.require("deploy", ENV)


def delete_state(world: World, chance: Random) -> None:
    """All but the bytes of releases and what runs them."""
    for entry in world.workspace.iterdir():
        if entry.name not in ("bentos", "envs"):
            _delete(entry)
    world.require("deploy", ENV)


def fill_disk(world: World, chance: Random) -> None:
    """Under git, state and logs, while somebody deploys."""
    world.merge_next()
    process = world.start("deploy", ENV)
    time.sleep(chance.uniform(0.0, world.usual("deploy")))
    with world.disk.full():
        assert process.wait() != BUG, "a command ended with a traceback"
        time.sleep(chance.uniform(0.0, 1.0))
    world.require("deploy", ENV)


def lose_origin(world: World, chance: Random) -> None:
    """A release dies meanwhile; what mends it needs no origin."""
    away = world.origin.bare.with_name("away.git")
    leader, _ = world.members(world.verified())
    world.origin.bare.rename(away)
    try:
        leader.kill()
        assert world.run("deploy", ENV) not in (0, BUG)
        time.sleep(chance.uniform(0.0, 3.0))
    finally:
        away.rename(world.origin.bare)
    world.require("deploy", ENV)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
