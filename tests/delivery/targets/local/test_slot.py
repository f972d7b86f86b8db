"""A slot is what its process does, whatever became of its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.server import DEFAULTS
from delivery.targets.local.slot import STOPPED, Slot
from delivery.targets.protocol import Target
from tests.delivery.running import eventually
from tests.delivery.targets.local.clients import suspend


@pytest.fixture
def slot(target: Target, bento: Path) -> Iterator[Slot]:
    """One that runs."""
    target.runtime.start(Bento("r-one", bento))
    return target.runtime.files.current("r-one")


def test_the_release_is_told_by_the_folder(tmp_path: Path) -> None:
    assert [Slot(tmp_path / name, DEFAULTS).release for name in ("r-one", "r-one.2")] == [
        "r-one",
        "r-one",
    ]


def test_one_that_is_whole_has_no_problem(slot: Slot) -> None:
    instance = slot.read()
    assert (instance.alive, instance.problem) == (True, "")


@pytest.mark.parametrize("content", ["", '{"url": "http://127', "[]", "{}", "\0\0"])
@pytest.mark.parametrize("name", ["instance.json", "server.json"])
def test_one_whose_file_cannot_be_read_is_found_where_it_answers(
    slot: Slot, name: str, content: str
) -> None:
    whole = slot.read()
    (slot.folder / name).write_text(content)
    instance = slot.read()
    assert (instance.alive, instance.url) == (True, whole.url)
    assert instance.problem == f"has lost its file {name} and still answers"


def test_one_without_a_leader_answers_all_the_same(slot: Slot) -> None:
    whole = slot.read()
    leader = slot.server.process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: slot.read().problem)
    instance = slot.read()
    assert (instance.alive, instance.url) == (True, whole.url)
    assert "leading process" in instance.problem


def test_one_whose_leader_is_stopped_cannot_replace_its_workers(
    slot: Slot, target: Target, bento: Path
) -> None:
    leader = slot.server.process.leader()
    assert leader is not None
    suspend(leader)
    eventually(lambda: slot.read().problem)
    assert (slot.read().alive, slot.read().problem) == (True, STOPPED)
    assert target.runtime.start(Bento("r-one", bento)).problem == ""
    assert not leader.is_running()


def test_one_of_which_nothing_is_left_is_not_alive(slot: Slot) -> None:
    slot.server.stop()
    instance = slot.read()
    assert not instance.alive
    assert instance.problem == "is not running (its process is gone)"


def test_what_is_forgotten_did_not_finish(tmp_path: Path) -> None:
    slot = Slot(tmp_path / "r-one", DEFAULTS)
    slot.write("http://127.0.0.1:1")
    assert slot.written > 0
    for _ in range(2):
        slot.forget()
    assert slot.written == 0
    assert slot.read().problem == "is not running (its start did not finish)"
