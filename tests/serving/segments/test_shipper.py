"""All that was written comes to the store, once, whoever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from serving.segments.__main__ import main
from serving.segments.folder import PREDICTIONS, Folder
from serving.segments.shipper import Shipper
from serving.segments.store import Store, StoreError
from tests.serving.segments.shipping import PYTHON, Chaos, Writer, command, here, names


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def shipper(tmp_path: Path, store: Store, *, interval: float = 0, keep: float = 1e6) -> Shipper:
    return Shipper(Folder(tmp_path / "log"), store, interval, keep)


def stored(store: Store) -> list[str]:
    return names([store.read(each) for each in store.find(PREDICTIONS)])


def test_what_was_written_is_shipped_and_stays_for_a_while(tmp_path: Path, store: Store) -> None:
    writer = Writer(tmp_path / "log", 7)
    writer.write(3)
    assert shipper(tmp_path, store).go()
    writer.write(2)
    assert shipper(tmp_path, store).go()
    assert stored(store) == sorted(writer.written)
    assert [each.shipped for each in Folder(tmp_path / "log").closed(PREDICTIONS)] == [True, True]
    shipper(tmp_path, store, keep=0).go()
    assert Folder(tmp_path / "log").closed(PREDICTIONS) == []
    assert stored(store) == sorted(writer.written)


def test_open_files_are_closed_at_their_time_and_at_the_end(tmp_path: Path, store: Store) -> None:
    ours, writer = shipper(tmp_path, store, interval=600), Writer(tmp_path / "log", 7)
    ours.go()
    writer.write()
    ours.go()
    assert stored(store) == []
    assert REGISTRY.get_sample_value("shipper_waiting_bytes") > 0
    ours.go(last=True)
    assert stored(store) == writer.written
    assert REGISTRY.get_sample_value("shipper_waiting_bytes") == 0


def test_a_store_that_is_away_loses_nothing_and_makes_no_smaller_segments(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, writer = shipper(tmp_path, store, interval=600), Writer(tmp_path / "log", 7)
    writer.write()
    with monkeypatch.context() as patch:
        patch.setattr(store, "add", _away)
        for _ in range(5):
            assert not ours.go()
            writer.write()
    assert len(Folder(tmp_path / "log").closed(PREDICTIONS)) == 1
    assert ours.go(last=True)
    assert stored(store) == sorted(writer.written)


def _away(*_: object) -> bool:
    raise StoreError("away")


def test_a_store_that_is_away_for_long_costs_the_oldest(tmp_path: Path, store: Store) -> None:
    """The log has its limit, whoever reads it or not."""
    writer = Writer(tmp_path / "log", 7, limit=1_000)
    for _ in range(2_000):
        writer.write()
    assert shipper(tmp_path, store).go(last=True)
    kept = {int(name.partition("-")[2]) for name in stored(store)}
    assert kept == set(range(2_000 - len(kept), 2_000)), "the newest, without a gap"
    assert 500 < len(kept) < 2_000


def test_a_folder_that_is_pruned_at_the_moment_is_left_alone(tmp_path: Path, store: Store) -> None:
    Writer(tmp_path / "log", 7).write()
    with Folder(tmp_path / "log").alone():
        assert not shipper(tmp_path, store).go(last=True)
    assert stored(store) == []


def test_what_was_sent_and_not_marked_is_sent_again_to_the_same_place(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(tmp_path / "log", 7)
    writer.write(3)
    with monkeypatch.context() as patch:
        patch.setattr("serving.segments.folder.Closed.mark", _killed)
        with pytest.raises(KeyboardInterrupt):
            shipper(tmp_path, store).go()
    assert stored(store) == sorted(writer.written)
    shipper(tmp_path, store).go()
    assert stored(store) == sorted(writer.written)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_shippers_that_are_killed_at_random_lose_nothing_and_send_nothing_twice(
    tmp_path: Path, store: Store
) -> None:
    writers = [Writer(tmp_path / "log", pid) for pid in (7, 8)]
    options = ("--interval", "0", "--keep-hours", "0.0001")
    arguments = command(PYTHON, tmp_path / "log", store.address, *options)
    chaos = Chaos(writers, lambda: len(store.find(PREDICTIONS)), longest=0.3)
    chaos.run(arguments, here(), tmp_path / "out", kills=8)
    shipper(tmp_path, store).go(last=True)
    found = stored(store)
    assert found == sorted(name for writer in writers for name in writer.written)
    assert len(found) > 100


@pytest.mark.parametrize(
    ("address", "says"),
    [("{folder}/store", "lies in"), ("{folder}", "lies in"), ("nonsense://x", "model/batch.in")],
)
def test_an_address_that_cannot_be_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str, says: str
) -> None:
    assert main([str(tmp_path), address.format(folder=tmp_path)]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_one_round_says_whether_something_is_left(tmp_path: Path, store: Store) -> None:
    Writer(tmp_path / "log", 7).write(3)
    arguments = [str(tmp_path / "log"), store.address, "--once"]
    with Folder(tmp_path / "log").alone():
        assert main(arguments) == 5
    assert main(arguments) == 0
    assert len(stored(store)) == 3
