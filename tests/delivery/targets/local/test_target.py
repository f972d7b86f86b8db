"""The local target's laws, tried with servers that start in a tenth of a second."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from delivery.bento import server as runtime
from delivery.bento.readiness import local_client
from delivery.errors import HeldError, InputError, TargetError
from delivery.targets.local.target import LocalTarget
from delivery.targets.protocol import Target
from tests.delivery.running import eventually, fake_bento, fake_python, free_port, running


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LocalTarget]]:
    """Makes targets and stops them at the end, whatever happened."""
    python = fake_python(tmp_path / "python")
    monkeypatch.setattr(runtime, "environment", lambda *_: python)
    monkeypatch.setattr("delivery.targets.local.target.SETTLE", 0.0)
    made = []

    def target(name: str = "staging", port: int = 0, workspace: str = "one") -> LocalTarget:
        made.append(LocalTarget(name, port or free_port(), tmp_path / workspace))
        return made[-1]

    yield target
    for one in made:
        one.stop()
    left = running(tmp_path)
    for process in left:
        process.kill()
    assert not left


@pytest.fixture
def target(make: Callable[..., LocalTarget]) -> LocalTarget:
    return make()


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    return fake_bento(tmp_path / "bento")


def who(target: Target) -> str:
    """The release that answers a client; the status code where none does."""
    with local_client() as client:
        answer = client.get(f"{target.url}/release")
    return answer.json()["release"] if answer.status_code == 200 else str(answer.status_code)


def kill(target: LocalTarget, release: str) -> None:
    leader = target._server(release).process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: not target.instances()[release].alive)


def kill_router(target: LocalTarget) -> None:
    leader = target._router.process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: not target.healthy())


def test_it_is_a_target(target: LocalTarget) -> None:
    as_protocol: Target = target
    assert as_protocol.environment == "staging"
    assert dict(as_protocol.route()) == {}
    assert dict(as_protocol.instances()) == {}
    assert as_protocol.healthy()


def test_a_started_release_gets_no_traffic_until_it_is_shifted(
    target: LocalTarget, bento: Path
) -> None:
    instance = target.start("r-one", bento)
    assert instance.alive
    assert httpx.get(f"{instance.url}/release").json()["release"] == "r-one"
    assert who(target) == "503"
    target.shift({"r-one": 100})
    assert who(target) == "r-one"
    assert dict(target.route()) == {"r-one": 100}


def test_a_shift_is_in_force_when_it_returns(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.start("r-two", bento)
    for release in ["r-one", "r-two"] * 5:
        target.shift({release: 100})
        assert {who(target) for _ in range(3)} == {release}


def test_an_old_connection_follows_the_shift(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.start("r-two", bento)
    target.shift({"r-one": 100})
    with httpx.Client(trust_env=False) as client:
        before = client.get(f"{target.url}/release")
        stream = before.extensions["network_stream"].get_extra_info("client_addr")
        target.shift({"r-two": 100})
        after = client.get(f"{target.url}/release")
        assert after.extensions["network_stream"].get_extra_info("client_addr") == stream
    assert (before.json()["release"], after.json()["release"]) == ("r-one", "r-two")


def test_shares_are_kept_exactly_and_zero_is_none(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.start("r-two", bento)
    target.shift({"r-one": 90, "r-two": 10})
    assert Counter(who(target) for _ in range(100)) == {"r-one": 90, "r-two": 10}
    target.shift({"r-one": 100, "r-two": 0})
    assert dict(target.route()) == {"r-one": 100}
    assert Counter(who(target) for _ in range(20)) == {"r-one": 20}


def test_a_client_with_a_cookie_stays_with_its_release(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.start("r-two", bento)
    target.shift({"r-one": 50, "r-two": 50})
    with httpx.Client(trust_env=False) as client:
        met = [client.get(f"{target.url}/release").json()["release"] for _ in range(10)]
    assert len(set(met)) == 1


def test_an_empty_route_is_closed(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.shift({"r-one": 100})
    target.shift({})
    assert who(target) == "503"
    assert dict(target.route()) == {}


@pytest.mark.parametrize("shares", [{"r-one": 99}, {"r-one": 101}, {"r-one": 101, "r-two": -1}])
def test_shares_that_are_no_percentages_are_a_bug(
    target: LocalTarget, shares: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match="100"):
        target.shift(shares)


def test_traffic_for_what_does_not_run_is_refused_and_nothing_changes(
    target: LocalTarget, bento: Path
) -> None:
    target.start("r-one", bento)
    target.shift({"r-one": 100})
    with pytest.raises(TargetError, match=r"r-two.*delivery deploy staging"):
        target.shift({"r-two": 100})
    assert who(target) == "r-one"


def test_a_release_that_runs_is_adopted(target: LocalTarget, bento: Path) -> None:
    assert target.start("r-one", bento) == target.start("r-one", bento)


def test_one_that_does_not_start_leaves_the_traffic_alone(
    target: LocalTarget, bento: Path, tmp_path: Path
) -> None:
    target.start("r-one", bento)
    target.shift({"r-one": 100})
    bad = fake_bento(tmp_path / "bad", error="error: contract.json is missing")
    with pytest.raises(TargetError, match=r"contract\.json is missing.*log: .*server\.log"):
        target.start("r-bad", bad)
    assert who(target) == "r-one"
    assert not target.instances()["r-bad"].alive
    target.retire({"r-one"})
    assert set(target.instances()) == {"r-one"}


def test_one_that_died_is_seen_and_its_replacement_gets_its_traffic(
    target: LocalTarget, bento: Path
) -> None:
    first = target.start("r-one", bento)
    target.shift({"r-one": 100})
    kill(target, "r-one")
    assert dict(target.route()) == {"r-one": 100}
    second = target.start("r-one", bento)
    assert second.alive
    assert second.url != first.url
    assert who(target) == "r-one"


def test_a_start_that_was_killed_is_done_again(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target._facts("r-one").unlink()  # killed before it was known to be ready
    assert not target.instances()["r-one"].alive
    assert target.start("r-one", bento).alive
    assert len({process.pid for process in running(target._folder / "instances")}) == 2


def test_a_shift_that_was_killed_is_done_again(
    target: LocalTarget, bento: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.start("r-one", bento)
    target.start("r-two", bento)
    target.shift({"r-one": 100})
    with monkeypatch.context() as patch:
        patch.setattr("delivery.targets.local.router.Router._runs", interrupt)
        with pytest.raises(KeyboardInterrupt):
            target.shift({"r-two": 100})  # it is in the file, but Traefik has not read it
    assert who(target) == "r-one"
    target.shift({"r-two": 100})
    assert who(target) == "r-two"


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("mend", ["start", "shift"])
def test_a_dead_router_is_seen_and_brought_back(
    target: LocalTarget, bento: Path, mend: str
) -> None:
    target.start("r-one", bento)
    target.shift({"r-one": 100})
    kill_router(target)
    assert dict(target.route()) == {"r-one": 100}
    if mend == "start":
        target.start("r-one", bento)
    else:
        target.shift({"r-one": 100})
    assert target.healthy()
    assert who(target) == "r-one"


def test_after_the_machine_was_off_everything_comes_back(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.start("r-two", bento)
    target.shift({"r-one": 100})
    for process in running(target._folder):
        process.kill()
    eventually(lambda: not target.healthy())
    eventually(lambda: not any(found.alive for found in target.instances().values()))
    target.start("r-two", bento)
    assert who(target) == "503"  # not to a port that may be somebody else's now
    target.start("r-one", bento)
    assert who(target) == "r-one"


def test_another_port_in_the_settings_moves_the_router(
    make: Callable[..., LocalTarget], bento: Path
) -> None:
    before = make()
    before.start("r-one", bento)
    before.shift({"r-one": 100})
    after = make()
    assert not after.healthy()
    after.start("r-one", bento)
    assert who(after) == "r-one"
    with pytest.raises(httpx.ConnectError):
        who(before)


def test_requests_under_way_end_where_they_began(
    target: LocalTarget, bento: Path, tmp_path: Path
) -> None:
    old = target.start("r-old", bento)
    target.start("r-new", bento)
    target.shift({"r-old": 100})
    home = Path(httpx.get(f"{old.url}/env").json()["HOME"])
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(httpx.get, f"{target.url}/hold", timeout=20)
        eventually((home / "held").exists)
        target.shift({"r-new": 100})
        assert who(target) == "r-new"
        retired = pool.submit(target.retire, {"r-new"})
        eventually(lambda: refused(old.url))  # it was told to end
        assert not asked.done()
        (home / "let-go").touch()
        assert asked.result().json()["release"] == "r-old"
        retired.result(timeout=20)
    assert set(target.instances()) == {"r-new"}


def refused(url: str) -> bool:
    """No new request gets an answer there."""
    try:
        httpx.get(f"{url}/readyz", timeout=0.2)
    except httpx.TransportError:
        return True
    return False


def test_a_release_with_traffic_is_not_retired(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.shift({"r-one": 100})
    with pytest.raises(ValueError, match="r-one still has traffic"):
        target.retire(set())
    assert who(target) == "r-one"


def test_a_stubborn_release_is_retired_all_the_same(
    target: LocalTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.bento.process.LAST", 0.1)
    monkeypatch.setattr("delivery.targets.local.target.GRACE", 0.1)
    target.start("r-one", fake_bento(tmp_path / "stubborn", stubborn=True))
    target.retire(set())
    assert dict(target.instances()) == {}
    assert not running(target._folder / "instances")


def test_stop_ends_everything_and_can_be_repeated(target: LocalTarget, bento: Path) -> None:
    target.start("r-one", bento)
    target.shift({"r-one": 100})
    target.stop()
    target.stop()
    assert not running(target._folder)
    assert dict(target.instances()) == {}
    assert dict(target.route()) == {}
    assert target.healthy()


def test_a_port_in_use_is_named_with_who_has_it(
    make: Callable[..., LocalTarget], bento: Path
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        target = make("production", port)
        with pytest.raises(InputError) as caught:
            target.start("r-one", bento)
    told = str(caught.value)
    for part in (
        f"port {port} of production is in use by process {psutil.Process().pid}",
        "environments.production.target.port",
        "DELIVERY_PORT_OFFSET=100",
        "make down",
    ):
        assert part in told
    assert not running(target._folder)


def test_two_checkouts_do_not_meet(make: Callable[..., LocalTarget], bento: Path) -> None:
    one, two = make(workspace="one"), make(workspace="two")
    one.start("r-one", bento)
    two.start("r-two", bento)
    one.shift({"r-one": 100})
    two.shift({"r-two": 100})
    one.stop()
    assert who(two) == "r-two"


def test_a_second_writer_is_told_who_the_first_is(
    make: Callable[..., LocalTarget], tmp_path: Path
) -> None:
    target = make()
    with target.lock():
        with pytest.raises(HeldError, match=f"process {psutil.Process().pid}"), target.lock():
            pass
        with make("production").lock():
            pass  # another environment is another lock
    with target.lock():
        pass


def test_the_lock_dies_with_its_holder(make: Callable[..., LocalTarget], tmp_path: Path) -> None:
    target = make()
    code = (
        "import threading; from pathlib import Path\n"
        "from delivery.targets.local.target import LocalTarget\n"
        f"lock = LocalTarget('staging', 1, Path({str(tmp_path / 'one')!r})).lock()\n"
        "with lock: print('held', flush=True); threading.Event().wait(60)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(HeldError, match=f"process {holder.pid}"), target.lock():
            pass
        holder.kill()
    with target.lock():
        pass
