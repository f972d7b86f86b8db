"""The route does as it was told, for every client, before `set_weights` returns."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest

from delivery.bento.bento import Bento
from delivery.bento.readiness import local_client
from delivery.errors import InputError, TargetError
from delivery.files import program
from delivery.targets.protocol import Target
from delivery.targets.split import Split, slot_of
from tests.delivery.running import eventually, running
from tests.delivery.targets.local.clients import freeze_router, kill, kill_router, who
from tests.origin import ROOT


def test_a_shift_is_in_force_when_it_returns(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-two", bento))
    for release in ["r-one", "r-two"] * 5:
        target.router.set_weights({release: 100})
        assert {who(target) for _ in range(3)} == {release}


def test_an_old_connection_follows_the_shift(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-two", bento))
    target.router.set_weights({"r-one": 100})
    with httpx.Client(trust_env=False) as client:
        before = client.get(f"{target.router.url}/release")
        stream = before.extensions["network_stream"].get_extra_info("client_addr")
        target.router.set_weights({"r-two": 100})
        after = client.get(f"{target.router.url}/release")
        assert after.extensions["network_stream"].get_extra_info("client_addr") == stream
    assert (before.json()["release"], after.json()["release"]) == ("r-one", "r-two")


def test_shares_are_kept_exactly_and_zero_is_none(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-two", bento))
    target.router.set_weights({"r-one": 90, "r-two": 10})
    assert Counter(who(target) for _ in range(100)) == {"r-one": 90, "r-two": 10}
    target.router.set_weights({"r-one": 100, "r-two": 0})
    assert dict(target.router.weights()) == {"r-one": 100}
    assert Counter(who(target) for _ in range(20)) == {"r-one": 20}


@pytest.fixture
def divided(target: Target, bento: Path) -> Target:
    for release in ("r-one", "r-two"):
        target.runtime.start(Bento(release, bento))
    return target


def split(step: int, share: int, header: str = "X-User") -> Split:
    return Split("a" * 40, step, "r-one", "r-two", share, header)


def met(target: Target, client: str) -> str:
    with local_client() as http:
        return http.post(f"{target.router.url}/predict", headers={"X-User": client}).text


def test_a_client_stays_unless_its_slot_moves(divided: Target) -> None:
    clients = [f"client-{number}" for number in range(60)]
    with divided.router.watched() as lease:
        before: dict[str, str] = dict.fromkeys(clients, "r-one")
        for step, share in ((1, 5), (2, 25), (3, 50)):
            divided.router.divide(split(step, share), lease)
            slots = split(step, share).slots
            for client in clients:
                slot = slot_of("a" * 40, client)
                expected = "r-two" if slot in slots else "r-one"
                assert {met(divided, client), met(divided, client)} == {expected}
                assert expected == "r-two" or before[client] == "r-one", "nobody goes back"
                before[client] = expected
    assert dict(divided.router.weights()) == {"r-one": 50, "r-two": 50}
    assert divided.router.split() == split(3, 50)


def test_a_client_without_the_header_is_known_by_a_cookie(divided: Target) -> None:
    with divided.router.watched() as lease:
        divided.router.divide(split(1, 50, header=""), lease)
        answers: list[str] = []
        for _ in range(12):
            with httpx.Client(trust_env=False) as client:
                two = {client.post(f"{divided.router.url}/predict").text for _ in range(2)}
                assert len(two) == 1
                assert dict(client.cookies).keys() == {"delivery-client"}
                answers += two
        assert set(answers) == {"r-one", "r-two"}


def test_what_happened_to_each_request_is_written_down(divided: Target) -> None:
    with divided.router.watched() as lease:
        divided.router.divide(split(1, 50), lease)
        answers = Counter(met(divided, f"client-{number}") for number in range(20))
        who(divided)
        requests = divided.router.requests(split(1, 50))
        samples = eventually(lambda: len(requests.samples()) >= 20 and requests.samples())
    assert (int(samples.candidate.sum()), len(samples)) == (answers["r-two"], 20)
    assert len(set(samples.entity)) == 20
    assert (samples.lost, set(samples.cause), set(samples.step)) == (0, {""}, {1})


def test_nothing_is_written_down_where_nothing_is_divided(divided: Target) -> None:
    divided.router.set_weights({"r-one": 100})
    met(divided, "ann")
    assert divided.router.traefik.records.file.read_text() == ""


WATCHER = """
import sys, threading
from delivery.targets.local.routing.lease import watched
with watched() as lease:
    print(lease.port, flush=True)
    threading.Event().wait(60)
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_when_the_watcher_ends_the_champion_answers_everybody(
    divided: Target, sign: signal.Signals
) -> None:
    """However it ends, and without an error for anybody."""
    client = next(name for name in "abcdefgh" if slot_of("a" * 40, name) in split(1, 50).slots)
    command = [sys.executable, "-c", WATCHER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            divided.router.divide(
                split(1, 50), SimpleNamespace(port=int(watcher.stdout.readline()))
            )
            assert met(divided, client) == "r-two"
            watcher.send_signal(sign)
            answers = eventually(lambda: met(divided, client) != "r-two" and met(divided, client))
            assert answers == "r-one"
        finally:
            watcher.kill()
    with divided.router.watched() as lease:
        divided.router.divide(split(1, 50), lease)
        assert eventually(lambda: met(divided, client) == "r-two")


def test_a_supervisor_gives_a_candidate_nothing(divided: Target) -> None:
    """Neither another start nor, where the route is lost, all the traffic."""
    with divided.router.watched() as lease:
        divided.router.divide(split(1, 50), lease)
        assert divided.runtime.settled() == {"r-one"}
        divided.router.refresh()
        assert divided.router.split() == split(1, 50)
        divided.router.file.path.write_text("")
        assert dict(divided.router.weights()) == {"r-one": 100}
        divided.router.refresh()
    assert {met(divided, f"client-{number}") for number in range(20)} == {"r-one"}


def test_an_empty_route_is_closed(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    target.router.set_weights({})
    assert who(target) == "503"
    assert dict(target.router.weights()) == {}


@pytest.mark.parametrize("shares", [{"r-one": 99}, {"r-one": 101}, {"r-one": 101, "r-two": -1}])
def test_shares_that_are_no_percentages_are_a_bug(target: Target, shares: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="100"):
        target.router.set_weights(shares)


def test_traffic_for_what_does_not_run_is_refused_and_nothing_changes(
    target: Target, bento: Path
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    with pytest.raises(TargetError, match=r"r-two.*delivery deploy staging"):
        target.router.set_weights({"r-two": 100})
    assert who(target) == "r-one"


def test_a_shift_that_was_killed_is_done_again(
    target: Target, bento: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-two", bento))
    target.router.set_weights({"r-one": 100})
    with monkeypatch.context() as patch:
        patch.setattr("delivery.targets.local.routing.traefik.Traefik.runs", property(interrupt))
        with pytest.raises(KeyboardInterrupt):
            target.router.set_weights(
                {"r-two": 100}
            )  # it is in the file, but Traefik has not read it
    assert who(target) == "r-one"
    target.router.set_weights({"r-two": 100})
    assert who(target) == "r-two"


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("mend", ["start", "shift"])
def test_a_dead_router_is_seen_and_brought_back(target: Target, bento: Path, mend: str) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    kill_router(target)
    assert dict(target.router.weights()) == {"r-one": 100}
    if mend == "start":
        target.runtime.start(Bento("r-one", bento))
    else:
        target.router.set_weights({"r-one": 100})
    assert target.router.problem() == ""
    assert who(target) == "r-one"


@pytest.mark.parametrize("mend", ["refresh", "shift"])
def test_a_frozen_router_is_seen_and_replaced(target: Target, bento: Path, mend: str) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    before = target.router.process.leader()
    freeze_router(target)
    assert "does not answer" in target.router.problem()
    if mend == "refresh":
        assert target.router.refresh()
    else:
        target.router.set_weights({"r-one": 100})
    assert target.router.problem() == ""
    assert target.router.process.leader() != before
    assert who(target) == "r-one"


def test_a_refresh_starts_nothing_that_runs(target: Target, bento: Path) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    assert not target.router.refresh()


@pytest.mark.parametrize("content", ["", '{"http": {"rou', "[]"])
@pytest.mark.parametrize("name", ["dynamic/route.yml", "router.json"])
def test_a_router_whose_file_cannot_be_read_goes_on_with_the_same_traffic(
    target: Target, bento: Path, name: str, content: str
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    before = target.router.process.leader()
    (target.router.folder / name).write_text(content)
    assert target.router.problem() == f"has lost its file {Path(name).name}"
    assert dict(target.router.weights()) == {"r-one": 100}
    target.runtime.start(Bento("r-one", bento))
    assert target.router.problem() == ""
    assert target.router.process.leader() == before
    assert who(target) == "r-one"


def test_a_router_whose_whole_state_was_deleted_leads_to_what_still_runs(
    target: Target, bento: Path
) -> None:
    """As a supervisor mends it, which looks at the router before the releases."""
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    shutil.rmtree(target.router.folder.parent)
    target.router.refresh()
    assert who(target) == "r-one"
    assert dict(target.router.weights()) == {"r-one": 100}


def test_a_route_that_cannot_be_read_and_that_nobody_keeps_is_none(
    target: Target, bento: Path
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    kill_router(target)
    target.router.file.path.write_text("")
    assert dict(target.router.weights()) == {}
    assert target.router.problem()
    with pytest.raises(TargetError, match=r"route\.yml cannot be read.*delivery deploy staging"):
        target.router.refresh()
    target.router.set_weights({"r-one": 100})
    assert who(target) == "r-one"


def test_a_neighbour_answers_for_one_that_does_not_until_the_next_refresh(
    target: Target, bento: Path
) -> None:
    target.runtime.start(Bento("r-one", bento))
    target.runtime.start(Bento("r-two", bento))
    target.router.set_weights({"r-two": 100})
    kill(target, "r-two")
    target.router.refresh({"r-two": "r-one"})
    assert (who(target), dict(target.router.weights())) == ("r-one", {"r-two": 100})
    target.runtime.start(Bento("r-two", bento))
    assert who(target) == "r-two"


def test_another_port_in_the_settings_moves_the_router(
    make: Callable[..., Target], bento: Path
) -> None:
    before = make()
    before.runtime.start(Bento("r-one", bento))
    before.router.set_weights({"r-one": 100})
    after = make()
    assert after.router.problem()
    after.runtime.start(Bento("r-one", bento))
    assert who(after) == "r-one"
    with pytest.raises(httpx.ConnectError):
        who(before)


def test_another_checkout_does_not_restart_the_router(
    target: Target, bento: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment has the same program at another path."""
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    with httpx.Client(trust_env=False) as client:
        before = client.get(f"{target.router.url}/release")
        stream = before.extensions["network_stream"].get_extra_info("client_addr")
        elsewhere = tmp_path / "bin" / "traefik"
        elsewhere.parent.mkdir()
        elsewhere.symlink_to(program("traefik"))
        monkeypatch.setattr(
            "delivery.targets.local.routing.traefik.program", lambda _: str(elsewhere)
        )
        target.router.set_weights({"r-one": 100})
        after = client.get(f"{target.router.url}/release")
        assert after.extensions["network_stream"].get_extra_info("client_addr") == stream


def test_a_port_in_use_is_named_with_who_has_it(make: Callable[..., Target], bento: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        target = make("production", port)
        with pytest.raises(InputError) as caught:
            target.runtime.start(Bento("r-one", bento))
    told = str(caught.value)
    for part in (
        f"port {port} of production is in use by process {psutil.Process().pid}",
        "environments.production.target.port",
        "DELIVERY_PORT_OFFSET=100",
        "make down",
    ):
        assert part in told
    assert not running(target.router.folder.parent)
