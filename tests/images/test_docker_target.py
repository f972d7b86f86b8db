"""What a target on a container engine survives, and what its containers are refused."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from delivery.errors import HeldError, InputError, TargetError
from delivery.targets.docker.containers import Containers
from delivery.targets.mirror import Mirror
from delivery.targets.orders import Hold
from delivery.targets.protocol import Target, Writer
from delivery.targets.split import Split, slot_of
from delivery.targets.watch import Watch
from tests.delivery.running import eventually
from tests.delivery.targets.local.clients import who
from tests.images.placed import Dock
from tests.origin import ROOT

pytestmark = pytest.mark.images
SPLIT = Split("a" * 40, 1, "r-one", "r-two", 50, "X-User")


def facts(docked: Dock, role: str, target: Target) -> list[dict[str, Any]]:
    place = target.router.place
    return [dict(found) for found in place.containers(role)] or pytest.fail(f"no {role}")


def again(docked: Dock, target: Target, **more: Any) -> Target:
    """The same environment as another command sees it."""
    return docked.target(target.runtime.environment, target.router.port, **more)


def test_containers_have_little_and_only_the_router_is_published(
    docked: Dock, served: Target
) -> None:
    instances, (router,) = (facts(docked, role, served) for role in ("instance", "router"))
    for each in (*instances, router):
        host = each["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert host["RestartPolicy"]["Name"] == ("always" if each is router else "unless-stopped")
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
        assert each["Config"]["User"] == "65532:65532"
    for each in instances:
        assert each["Config"]["Image"] == str(docked.service)
        assert not each["NetworkSettings"]["Ports"].get("3000/tcp")
        assert list(each["HostConfig"]["Tmpfs"]) == ["/tmp"]
        assert each["Mounts"] == []
        assert list(each["NetworkSettings"]["Networks"]) == [served.router.place.inside]
    assert router["Config"]["Image"] == str(docked.router)
    (published,) = router["NetworkSettings"]["Ports"].values()
    assert {binding["HostIp"] for binding in published} == {"127.0.0.1"}
    assert served.router.place.engine.inspected("network", served.router.place.inside)["Internal"]


def test_a_candidate_on_trial_is_not_restarted(docked: Dock, served: Target) -> None:
    """Its end has to be seen."""
    trial = served.runtime.start(docked.bento("r-trial"))
    end(trial.url)
    eventually(lambda: not served.runtime.instances()["r-trial"].alive)
    assert "is not running (exit 1)" in served.runtime.instances()["r-trial"].problem
    assert served.runtime.settled() == {"r-one", "r-two"}


def end(url: str) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/die")


def test_the_engine_restarts_a_release_that_crashed(served: Target) -> None:
    end(served.runtime.instances()["r-one"].url)
    assert eventually(lambda: who(served) == "r-one", seconds=20)


def test_what_was_killed_is_started_beside_and_gets_its_traffic(
    docked: Dock, served: Target
) -> None:
    """`docker kill` is a person's, after which the engine restarts nothing."""
    first = served.runtime.files.current("r-one")
    docked.docker("kill", first.id)
    assert served.runtime.instances()["r-one"].problem
    assert served.runtime.start(docked.bento("r-one")).problem == ""
    assert who(served) == "r-one"
    assert served.runtime.files.current("r-one").id != first.id
    assert len(served.runtime.files.slots()) == 2


def test_a_supervisor_mends_what_a_person_killed(docked: Dock, served: Target) -> None:
    docked.docker("kill", served.runtime.files.current("r-one").id)
    docked.docker("kill", served.router.process.name)
    watch = Watch(served, docked.bento)
    done = watch.look()
    assert [line.split()[:2] for line in done] == [["the", "router"], ["r-one", "is"]]
    assert who(served) == "r-one"
    assert watch.look() == []


def test_a_paused_release_is_seen_and_replaced(docked: Dock, served: Target) -> None:
    docked.docker("pause", served.runtime.files.current("r-one").id)
    assert served.runtime.instances()["r-one"].problem == "is paused"
    served.runtime.start(docked.bento("r-one"))
    assert who(served) == "r-one"
    assert served.runtime.instances()["r-one"].problem == ""


def test_a_neighbour_answers_while_a_dead_release_does_not_come_up(
    docked: Dock, served: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    docked.docker("kill", served.runtime.files.current("r-one").id)
    with monkeypatch.context() as patch:
        patch.setattr(Containers, "create", refuse)
        with pytest.raises(TargetError, match="no memory"):
            served.runtime.start(docked.bento("r-one"))
    assert (who(served), dict(served.router.weights())) == ("r-two", {"r-one": 100})
    served.runtime.start(docked.bento("r-one"))
    assert who(served) == "r-one"


def refuse(*_: object) -> None:
    raise TargetError("no memory")


def test_one_that_does_not_start_leaves_the_traffic_alone(docked: Dock, served: Target) -> None:
    with pytest.raises(TargetError, match=r"r-broken ended.*no model.*`delivery deploy"):
        served.runtime.start(docked.bento("r-broken"))
    assert who(served) == "r-one"
    assert set(served.runtime.instances()) == {"r-one", "r-two"}


@pytest.mark.parametrize("fault", ["kill", "pause", "rm --force"])
def test_a_router_that_is_away_is_seen_and_brought_back(
    docked: Dock, served: Target, fault: str
) -> None:
    docked.docker(*fault.split(), served.router.process.name)
    assert served.router.problem()
    assert served.router.refresh()
    assert served.router.problem() == ""
    assert who(served) == "r-one"


def test_after_a_reboot_everything_comes_back_by_itself(docked: Dock, served: Target) -> None:
    if docked.docker.restart is None:
        pytest.skip("this engine is somebody else's: it is not restarted")
    served.orders.write_hold(Hold("staging", "ann", "an incident", "2026-11-27T09:00:00+00:00"))
    docked.docker.restart()
    assert eventually(lambda: reached(served) == "r-one", seconds=30)
    other = again(docked, served)
    assert dict(other.router.weights()) == {"r-one": 100}
    assert other.runtime.settled() == {"r-one", "r-two"}
    assert other.orders.hold().why == "an incident"
    other.orders.lift_hold()
    assert eventually(
        lambda: not any(each.problem for each in other.runtime.instances().values()), seconds=20
    )
    with other.runtime.lock():
        other.router.set_weights({"r-two": 100})
    assert who(other) == "r-two"


def reached(target: Target) -> str:
    try:
        return who(target)
    except httpx.TransportError:
        return ""


def test_other_settings_replace_what_runs_without_a_gap(docked: Dock, served: Target) -> None:
    other = again(docked, served, memory="2g")
    assert "other settings" in other.runtime.instances()["r-one"].problem
    first = other.runtime.files.current("r-one").id
    assert other.runtime.start(docked.bento("r-one")).problem == ""
    assert other.runtime.files.current("r-one").id != first
    assert who(other) == "r-one"


def test_requests_under_way_end_where_they_began(docked: Dock, served: Target) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.get, f"{served.router.url}/hold?2", timeout=20)
        eventually(lambda: asked.running())
        served.router.set_weights({"r-two": 100})
        served.runtime.retire({"r-two"})
        assert asked.result().json()["release"] == "r-one"
    assert set(served.runtime.instances()) == {"r-two"}


def test_a_port_in_use_is_named(docked: Dock, served: Target) -> None:
    other = docked.target(port=served.router.port)
    with pytest.raises(InputError, match=rf"port {served.router.port} of .* is in use"):
        other.router.set_weights({})


def test_a_second_writer_is_told_who_the_first_is(docked: Dock, served: Target) -> None:
    other = again(docked, served)
    with (
        served.runtime.lock(),
        pytest.raises(HeldError, match=r"a deployment in process \d+ on"),
        other.runtime.lock(),
    ):
        pass
    with other.runtime.lock():
        other.router.set_weights({"r-two": 100})


def test_whoever_lost_the_lock_to_a_rollback_changes_nothing(docked: Dock, served: Target) -> None:
    person = again(docked, served)
    with served.runtime.lock():
        with person.runtime.lock(Writer.ROLLBACK):
            for write in (
                lambda: served.router.set_weights({"r-two": 100}),
                lambda: served.runtime.retire({"r-one"}),
                lambda: served.runtime.start(docked.bento("r-one")),
            ):
                with pytest.raises(HeldError, match="took over"):
                    write()
            person.router.set_weights({"r-two": 100})
        with pytest.raises(HeldError, match="took over"):
            served.router.set_weights({"r-one": 100})
    assert who(served) == "r-two"


HOLDER = """
import sys, threading
from pathlib import Path
from delivery.targets.docker.engine import Engine
from delivery.targets.docker.place import Place
from delivery.targets.docker.routing.lease import ContainerLease
from delivery.targets.docker.state.fence import ContainerFence
from delivery.targets.docker.state.volume import volume_of
from delivery.targets.local.routing.orders import LocalOrders
what, host, name, base, candidate = sys.argv[1:]
place = Place(Engine(host), name, base)
if what == "lease":
    lease = ContainerLease(place)
    lease.attach(candidate)
    print(lease.port, flush=True)
    threading.Event().wait(60)
volume = volume_of(place)
fence = ContainerFence(name, None, LocalOrders(volume), None, place=place, volume=volume)
from delivery.targets.protocol import Writer
with fence.lock(Writer.DEPLOYMENT):
    print("held", flush=True)
    threading.Event().wait(60)
"""


def other_process(docked: Dock, target: Target, what: str, candidate: str = "") -> list[str]:
    name, base = target.runtime.environment, str(docked.base)
    return [sys.executable, "-c", HOLDER, what, docked.docker.host, name, base, candidate]


def test_the_lock_dies_with_its_holder(docked: Dock, served: Target) -> None:
    command = other_process(docked, served, "lock")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(HeldError, match=f"process {holder.pid}"), served.runtime.lock():
            pass
        holder.kill()
    with served.runtime.lock():
        served.router.set_weights({"r-two": 100})


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_when_the_watcher_ends_the_champion_answers_everybody(
    docked: Dock, served: Target, sign: signal.Signals
) -> None:
    client = next(name for name in "abcdefgh" if slot_of("a" * 40, name) in SPLIT.slots)
    name = served.runtime.files.current("r-two").name
    command = other_process(docked, served, "lease", name)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            served.router.divide(SPLIT, Elsewhere(int(watcher.stdout.readline())))
            assert met(served, client) == "r-two"
            assert served.router.is_watched()
            watcher.send_signal(sign)
            assert eventually(lambda: met(served, client) == "r-one")
            assert not served.router.is_watched()
        finally:
            watcher.kill()
    with served.router.watched() as lease:
        served.router.divide(SPLIT, lease)
        assert eventually(lambda: met(served, client) == "r-two")
        assert served.router.is_under(lease)
    assert eventually(lambda: met(served, client) == "r-one")


class Elsewhere:
    """A lease of another process."""

    def __init__(self, port: int) -> None:
        self.port = port

    def attach(self, _: str) -> None:
        pass


def met(target: Target, client: str) -> str:
    return httpx.post(f"{target.router.url}/predict", headers={"X-User": client}).text


def met_in_time(target: Target, client: str) -> str:
    """Empty where a request waits for the connection to what is gone."""
    try:
        return met(target, client)
    except httpx.TransportError:
        return ""


def test_a_candidate_that_dies_under_its_lease_leaves_clients_to_the_champion(
    served: Target,
) -> None:
    client = next(name for name in "abcdefgh" if slot_of("a" * 40, name) in SPLIT.slots)
    with served.router.watched() as lease:
        served.router.divide(SPLIT, lease)
        assert met(served, client) == "r-two"
        served.router.place.engine("kill", served.runtime.files.current("r-two").id)
        assert eventually(lambda: met_in_time(served, client) == "r-one", seconds=20)


def test_a_mirror_copies_predictions_while_somebody_watches(served: Target) -> None:
    candidate = served.runtime.instances()["r-two"].url

    def copied() -> int:
        return int(httpx.get(f"{candidate}/release").json()["asked"])

    before = copied()
    with served.router.watched() as lease:
        served.router.reflect(Mirror("a" * 40, 1, "r-one", "r-two", 100), lease)
        assert served.router.is_watched()
        assert {met(served, "ann") for _ in range(10)} == {"r-one"}
        assert eventually(lambda: copied() == before + 10)
    assert eventually(lambda: not served.router.is_watched())


def test_stop_ends_everything_but_what_people_ordered(docked: Dock, served: Target) -> None:
    served.orders.write_hold(Hold("staging", "ann", "an incident", "2026-11-27T09:00:00+00:00"))
    served.stop()
    served.stop()
    place = served.router.place
    assert [place.containers(role) for role in ("instance", "router", "lock")] == [[], [], []]
    assert place.engine.inspected("network", place.inside) is None
    assert again(docked, served).orders.hold() is not None
