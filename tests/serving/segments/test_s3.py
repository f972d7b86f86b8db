"""The shipper against a real S3 interface that is away, slow, silent and full, and kills at random.

Boto's packages do not go with ours: what talks to S3 runs in an environment of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.bento.environment import locked_environment
from delivery.errors import TargetError
from tests.checkout import shared_folder
from tests.delivery.running import eventually
from tests.origin import ROOT
from tests.serving.segments.s3 import BUCKET, ERASE, S3, Mood, moto
from tests.serving.segments.shipping import Chaos, Writer, command, names, start, stop

LOCK = ROOT / "requirements" / "stores.lock"
pytestmark = [pytest.mark.clients, pytest.mark.e2e]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    if not LOCK.is_file():
        pytest.skip("deleted: template.yml lets a repository do without")
    try:
        python = locked_environment(LOCK, shared_folder(tmp_path_factory) / "envs")
    except TargetError as error:
        pytest.skip(f"{LOCK.name} cannot be installed here: {error}")
    with moto(python, tmp_path_factory.mktemp("s3")) as made:
        yield made


def test_what_a_shipper_lives_through_loses_nothing_and_sends_nothing_twice(
    s3: S3, tmp_path: Path
) -> None:
    """One process, while the store is away, full and slow for a while each."""
    address, log = f"{BUCKET}/moods", tmp_path / "log"
    writer, arguments = Writer(log, 7), command(s3.python, log, address, "--interval", "0.5")
    process = start(arguments, s3.environ, tmp_path / "out")
    mood: Mood
    for mood in ("well", "away", "full", "slow", "well"):
        s3.relay.mood = mood
        asked = s3.relay.asked
        writer.write(500)
        eventually(lambda before=asked: s3.relay.asked > before, seconds=120)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            writer.write(20)
            time.sleep(0.05)
    writer.write(10)
    assert stop(process) == 0
    assert names(s3.segments("predictions", address)) == sorted(writer.written)
    assert "507" in (tmp_path / "out").read_text(), "the driver tries again by itself, but not long"


def test_a_silent_store_does_not_keep_a_shipper_from_ending(s3: S3, tmp_path: Path) -> None:
    """What it did not send is there for the next one."""
    address, log = f"{BUCKET}/silent", tmp_path / "log"
    writer = Writer(log, 7)
    writer.write(10)
    options = ("--interval", "0.5", "--farewell", "2")
    s3.relay.mood = "silent"
    asked = s3.relay.asked
    process = start(command(s3.python, log, address, *options), s3.environ, tmp_path / "out")
    eventually(lambda: s3.relay.asked > asked, seconds=120)
    assert stop(process, 30) == 5
    s3.relay.mood = "well"
    again = start(command(s3.python, log, address, "--once"), s3.environ, tmp_path / "out")
    assert again.wait(120) == 0
    assert names(s3.segments("predictions", address)) == sorted(writer.written)


def test_kills_at_random_lose_nothing_and_send_nothing_twice(s3: S3, tmp_path: Path) -> None:
    address, log = f"{BUCKET}/kills", tmp_path / "log"
    writers = [Writer(log, pid) for pid in (7, 8)]
    arguments = command(s3.python, log, address, "--interval", "0", "--keep-hours", "0.0001")
    chaos = Chaos(writers, lambda: s3.relay.asked, longest=1)
    chaos.run(arguments, s3.environ, tmp_path / "out", kills=6)
    last = start([*arguments, "--once"], s3.environ, tmp_path / "out")
    assert last.wait(120) == 0
    found = names(s3.segments("predictions", address))
    assert found == sorted(name for writer in writers for name in writer.written)


def test_one_persons_requests_are_erased_there_and_do_not_come_back(s3: S3, tmp_path: Path) -> None:
    """Though a shipper has not noted yet that it sent them."""
    address, log = f"{BUCKET}/erased", tmp_path / "log"
    writer = Writer(log, 7)
    ship = command(s3.python, log, address, "--once")
    for _ in range(2):
        writer.write(3)
        assert start(ship, s3.environ, tmp_path / "out").wait(120) == 0
    done, names_left = s3.run(ERASE, address, "7-0,7-4")
    assert (done["rows"], done["segments"], done["done"]) == (2, 2, True)
    expected = ["7-1", "7-2", "7-3", "7-5"]
    assert sorted(names_left) == expected
    for path in log.glob("*.shipped"):
        path.rename(path.with_suffix(""))
    assert start(ship, s3.environ, tmp_path / "out").wait(120) == 0
    assert names(s3.segments("predictions", address)) == expected
