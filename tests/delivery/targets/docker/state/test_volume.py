"""Files in a volume are files like others, whatever happens to the hand that reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.targets.docker.state.hand import Hand, HandLostError
from delivery.targets.docker.state.volume import Volume


def test_a_file_is_written_read_and_deleted(volume: Volume) -> None:
    file = volume / "hold.json"
    assert not file.exists()
    with pytest.raises(FileNotFoundError):
        file.read_text()
    file.write_whole("one")
    assert file.exists()
    assert (volume / "hold.json").read_text() == "one"
    file.unlink()
    file.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        file.unlink()


def test_another_hand_takes_over_from_one_that_was_lost(volume: Volume) -> None:
    (volume / "a").write_whole("one")
    assert volume._hand
    volume._hand.close()
    assert (volume / "a").read_text() == "one"


def test_what_a_lock_writes_is_lost_with_it(volume: Volume) -> None:
    hand = Hand(volume.place)
    with volume.written_by(hand):
        (volume / "a").write_whole("one")
        hand.close()
        with pytest.raises(HandLostError):
            (volume / "a").write_whole("two")
    assert (volume / "a").read_text() == "one"


def test_a_new_volume_is_made_for_the_user_of_containers(
    volume: Volume, home: Path, calls: Callable[[], Sequence[Sequence[str]]]
) -> None:
    (home / "state").rmdir()  # nothing there can be written
    with pytest.raises(TargetError, match="delivery-staging-state is not writable"):
        (volume / "a").write_whole("one")
    made = [call for call in calls() if call[:2] == ["volume", "create"]]
    assert made[0][-1] == "delivery-staging-state"
    assert any("os.chown" in call[-1] and "--user=0" in call for call in calls())
