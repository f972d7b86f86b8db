"""Releases run beside each other, come back after they died, and end when they are told."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError, TargetError
from delivery.targets.protocol import Target
from tests.delivery.running import eventually, fake_bento, running
from tests.delivery.targets.local.clients import freeze, kill, who


def test_a_started_release_gets_no_traffic_until_it_is_shifted(target: Target, bento: Path) -> None:
    instance = target.runtime.start(Bento("r-one", bento))
    assert instance.alive
    assert httpx.get(f"{instance.url}/release").json()["release"] == "r-one"
    assert who(target) == "503"
    target.router.set_weights({"r-one": 100})
    assert who(target) == "r-one"
    assert dict(target.router.weights()) == {"r-one": 100}


def test_a_release_that_runs_is_adopted(target: Target, bento: Path) -> None:
    assert target.runtime.start(Bento("r-one", bento)) == target.runtime.start(
        Bento("r-one", bento)
    )


def test_one_that_does_not_start_leaves_the_traffic_alone(
    target: Target, bento: Path, tmp_path: Path
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    bad = fake_bento(tmp_path / "bad", error="error: contract.json is missing")
    with pytest.raises(TargetError, match=r"contract\.json is missing.*log: .*server\.log"):
        target.runtime.start(Bento("r-bad", bad))
    assert who(target) == "r-one"
    assert not target.runtime.instances()["r-bad"].alive
    target.runtime.retire({"r-one"})
    assert set(target.runtime.instances()) == {"r-one"}


def test_one_that_died_is_seen_and_its_replacement_gets_its_traffic(
    target: Target, bento: Path
) -> None:
    first = target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    kill(target, "r-one")
    assert dict(target.router.weights()) == {"r-one": 100}
    second = target.runtime.start(Bento("r-one", bento))
    assert second.alive
    assert second.url != first.url
    assert who(target) == "r-one"


def test_a_frozen_release_is_seen_and_replaced_and_its_requests_are_answered(
    target: Target, bento: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.targets.local.runtime.SETTLE", 2.0)
    first = target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    freeze(target, "r-one")
    assert "does not say" in target.runtime.instances()["r-one"].problem
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(httpx.get, f"{first.url}/release", timeout=30)
        second = target.runtime.start(Bento("r-one", bento))
        assert stuck.result().json()["release"] == "r-one"
    assert second.url != first.url
    assert target.runtime.instances()["r-one"].problem == ""
    assert who(target) == "r-one"
    assert len(target.runtime.files.slots()) == 1


def test_one_without_a_leader_answers_until_its_replacement_does(
    target: Target, bento: Path, tmp_path: Path
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    kill(target, "r-one")
    assert who(target) == "r-one"
    bad = fake_bento(tmp_path / "bad", error="error: no memory")
    for _ in range(2):
        with pytest.raises(TargetError, match="no memory"):
            target.runtime.start(Bento("r-one", bad))
        assert who(target) == "r-one"
    target.runtime.start(Bento("r-one", bento))
    assert who(target) == "r-one"
    assert target.runtime.instances()["r-one"].problem == ""


def test_a_kept_neighbour_answers_while_a_dead_release_does_not_come_up(
    target: Target, bento: Path, tmp_path: Path
) -> None:
    for release in ("r-old", "r-new", "r-trial"):
        target.runtime.start(Bento(release, bento))
    target.router.set_weights({"r-new": 100})
    target.runtime.retire({"r-old", "r-new", "r-trial"})
    target.runtime.retire({"r-old", "r-new"})
    target.runtime.start(Bento("r-another-trial", bento))
    assert target.runtime.settled() == {"r-old", "r-new"}
    target.runtime.files.current("r-new").server.process.stop(grace=0)
    with pytest.raises(TargetError, match="no memory"):
        target.runtime.start(Bento("r-new", fake_bento(tmp_path / "bad", error="error: no memory")))
    assert (who(target), dict(target.router.weights())) == ("r-old", {"r-new": 100})
    target.runtime.start(Bento("r-new", bento))
    assert who(target) == "r-new"


def test_what_a_rollback_left_gets_no_traffic_any_more(
    target: Target, bento: Path, tmp_path: Path
) -> None:
    for release in ("r-old", "r-new"):
        target.runtime.start(Bento(release, bento))
    target.router.set_weights({"r-new": 100})
    target.runtime.retire({"r-old", "r-new"})
    target.router.set_weights({"r-old": 100})
    assert target.runtime.settled() == {"r-old"}
    target.runtime.files.current("r-old").server.process.stop(grace=0)
    with pytest.raises(TargetError):
        target.runtime.start(Bento("r-old", fake_bento(tmp_path / "bad", error="error: no")))
    assert who(target) in ("502", "503")


def test_a_replacement_that_was_killed_before_it_had_the_traffic_gets_it(
    target: Target, bento: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    kill(target, "r-one")
    with monkeypatch.context() as patch:
        patch.setattr("delivery.targets.local.routing.router.LocalRouter.refresh", interrupt)
        with pytest.raises(KeyboardInterrupt):
            target.runtime.start(Bento("r-one", bento))
    assert who(target) == "r-one"
    assert "leads to another place" in target.runtime.instances()["r-one"].problem
    target.runtime.start(Bento("r-one", bento))
    assert target.runtime.instances()["r-one"].problem == ""
    assert len(target.runtime.files.slots()) == 1
    assert who(target) == "r-one"


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("state", ["instances", "."])
def test_what_lost_its_folder_is_found_and_goes_on(target: Target, bento: Path, state: str) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-left", bento))
    target.router.set_weights({"r-one": 100})
    shutil.rmtree(target.runtime.folder / state)
    assert who(target) == "r-one"
    assert set(target.runtime.instances()) == {"r-one", "r-left"}
    assert all(instance.problem for instance in target.runtime.instances().values())
    assert target.runtime.start(Bento("r-one", bento)).problem == ""
    assert who(target) == "r-one"
    target.router.set_weights({"r-one": 100})
    target.runtime.retire({"r-one"})
    assert set(target.runtime.instances()) == {"r-one"}
    left = running(target.router.folder.parent / "instances")
    assert len(left) == 2, "a leader and a worker"


def test_stop_ends_what_lost_its_folder_too(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    shutil.rmtree(target.runtime.folder)
    target.stop()
    assert not running(target.runtime.folder)


def test_a_start_that_was_killed_is_done_again(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.files.current("r-one").forget()  # killed before it was known to be ready
    assert target.runtime.instances()["r-one"].problem
    assert target.runtime.start(Bento("r-one", bento)).problem == ""
    assert len({process.pid for process in running(target.router.folder.parent / "instances")}) == 2


def test_requests_under_way_end_where_they_began(
    target: Target, bento: Path, tmp_path: Path
) -> None:
    old = target.runtime.start(Bento("r-old", bento))
    target.runtime.start(Bento("r-new", bento))
    target.router.set_weights({"r-old": 100})
    home = Path(httpx.get(f"{old.url}/env").json()["HOME"])
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(httpx.get, f"{target.router.url}/hold", timeout=20)
        eventually((home / "held").exists)
        target.router.set_weights({"r-new": 100})
        assert who(target) == "r-new"
        retired = pool.submit(target.runtime.retire, {"r-new"})
        eventually(lambda: refused(old.url))  # it was told to end
        assert not asked.done()
        (home / "let-go").touch()
        assert asked.result().json()["release"] == "r-old"
        retired.result(timeout=20)
    assert set(target.runtime.instances()) == {"r-new"}


def refused(url: str) -> bool:
    """No new request gets an answer there."""
    try:
        httpx.get(f"{url}/readyz", timeout=0.2)
    except httpx.TransportError:
        return True
    return False


def test_a_release_with_traffic_is_not_retired(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    with pytest.raises(ValueError, match="r-one still has traffic"):
        target.runtime.retire(set())
    assert who(target) == "r-one"


def test_a_stubborn_release_is_retired_all_the_same(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.processes.process.LAST", 0.1)
    monkeypatch.setattr("delivery.targets.local.runtime.GRACE", 0.1)
    target.runtime.start(Bento("r-one", fake_bento(tmp_path / "stubborn", stubborn=True)))
    target.runtime.retire(set())
    assert dict(target.runtime.instances()) == {}
    assert not running(target.router.folder.parent / "instances")


def test_a_second_writer_is_told_who_the_first_is(
    make: Callable[..., Target], tmp_path: Path
) -> None:
    target = make()
    with target.runtime.lock():
        with (
            pytest.raises(HeldError, match=f"process {psutil.Process().pid}"),
            target.runtime.lock(),
        ):
            pass
        with make("production").runtime.lock():
            pass  # another environment is another lock
    with target.runtime.lock():
        pass


HOLDER = """
import sys, threading
from pathlib import Path
from delivery.targets.local.supervision import Report, Supervision
from delivery.targets.local.target import local_target
from tests.delivery.place import environment

workspace = Path(sys.argv[1])
with Supervision(workspace).held(), local_target(environment("staging"), workspace).runtime.lock():
    Supervision(workspace).write({"staging": Report()})
    print("held", flush=True)
    threading.Event().wait(60)
"""


def test_a_writer_waits_for_the_supervisor(make: Callable[..., Target], tmp_path: Path) -> None:
    runtime = make().runtime
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "one")]
    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        waiting = pool.submit(lambda: runtime.lock().__enter__())
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        holder.kill()
        waiting.result(timeout=30)


def test_the_lock_dies_with_its_holder(make: Callable[..., Target], tmp_path: Path) -> None:
    target = make()
    code = (
        "import threading; from pathlib import Path\n"
        "from delivery.targets.local.target import local_target\n"
        "from tests.delivery.place import environment\n"
        f"target = local_target(environment('staging'), Path({str(tmp_path / 'one')!r}))\n"
        "lock = target.runtime.lock()\n"
        "with lock: print('held', flush=True); threading.Event().wait(60)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(HeldError, match=f"process {holder.pid}"), target.runtime.lock():
            pass
        holder.kill()
    with target.runtime.lock():
        pass
