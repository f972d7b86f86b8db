"""A log folder as a place, read and changed while others write and ship."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest

from delivery.errors import HeldError
from delivery.predictions.address import place_of
from serving.segments.folder import PREDICTIONS, Folder
from tests.delivery.predictions.places import asked, folder, found
from tests.serving.segments.shipping import Writer


def test_an_open_file_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    place = folder(tmp_path, close=False, predictions=[[asked("a", "x")]])
    assert [line["request_id"] for line in found(place)] == ["a"]


def test_what_is_closed_while_somebody_reads_is_read_once(tmp_path: Path) -> None:
    writer, stop = Writer(tmp_path, 7), threading.Event()

    def close() -> None:
        while not stop.wait(0.001):
            Folder(tmp_path).close(PREDICTIONS)
            for each in Folder(tmp_path).closed(PREDICTIONS):
                if not each.shipped:
                    each.mark()

    closer = threading.Thread(target=close)
    closer.start()
    try:
        for _ in range(60):
            writer.write(3)
            names = [line["request_id"] for line in found(place_of(str(tmp_path)))]
            assert sorted(names) == sorted(writer.written)
    finally:
        stop.set()
        closer.join()


def test_a_folder_is_closed_before_it_is_changed(tmp_path: Path) -> None:
    place = folder(tmp_path, close=False, predictions=[[asked("a", "x")]])
    (piece,) = place.pieces(PREDICTIONS)
    assert piece.day == date(2026, 11, 28)
    assert Folder(tmp_path).open(PREDICTIONS) == []


def test_nobody_changes_a_folder_while_a_shipper_is_at_work(tmp_path: Path) -> None:
    place = folder(tmp_path, predictions=[[asked("a", "x")]])
    with Folder(tmp_path).alone(), pytest.raises(HeldError, match="at work"), place.alone():
        pass
