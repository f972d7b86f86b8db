"""A runtime and a router on this machine are one target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx

from delivery.bento.bento import Bento
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from serving.settings.host import LOG_FOLDER
from serving.settings.service import ServingSettings
from tests.delivery.place import environment
from tests.delivery.running import eventually, running
from tests.delivery.targets.local.clients import who


def test_nothing_runs_in_a_new_target(target: Target) -> None:
    assert target.runtime.environment == "staging"
    assert target.capabilities.lacks(["lasting", "shares", "sticky", "records"]) == []
    assert target.router.split() is None
    assert dict(target.router.weights()) == {}
    assert dict(target.runtime.instances()) == {}
    assert target.router.problem() == ""


def test_the_gates_that_call_it_need_no_credentials(tmp_path: Path) -> None:
    closed = replace(environment("staging"), serving=ServingSettings(auth="keys"))
    assert local_target(closed, tmp_path).runtime.settings.auth == "none"


def test_all_releases_write_what_they_answered_into_one_folder_of_their_owner(
    target: Target, bento: Path
) -> None:
    folders = {
        httpx.get(f"{target.runtime.start(Bento(name, bento)).url}/env").json()[LOG_FOLDER]
        for name in ("r-one", "r-two")
    }
    assert folders == {str(target.runtime.predictions)}
    assert target.runtime.predictions.stat().st_mode & 0o077 == 0
    target.stop()
    assert target.runtime.predictions.is_dir(), "labels come late"


def test_after_the_machine_was_off_everything_comes_back(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-two", bento))
    target.router.set_weights({"r-one": 100})
    for process in running(target.router.folder.parent):
        process.kill()
    eventually(target.router.problem)
    eventually(lambda: not any(found.alive for found in target.runtime.instances().values()))
    target.runtime.start(Bento("r-two", bento))
    assert who(target) == "503"  # not to a port that may be somebody else's now
    target.runtime.start(Bento("r-one", bento))
    assert who(target) == "r-one"


def test_stop_ends_everything_and_can_be_repeated(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    target.stop()
    target.stop()
    assert not running(target.router.folder.parent)
    assert dict(target.runtime.instances()) == {}
    assert dict(target.router.weights()) == {}
    assert target.router.problem() == ""


def test_two_checkouts_do_not_meet(make: Callable[..., Target], bento: Path) -> None:
    one, two = make(workspace="one"), make(workspace="two")
    one.runtime.start(Bento("r-one", bento))
    two.runtime.start(Bento("r-two", bento))
    one.router.set_weights({"r-one": 100})
    two.router.set_weights({"r-two": 100})
    one.stop()
    assert who(two) == "r-two"
