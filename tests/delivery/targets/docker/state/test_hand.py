"""A hand answers as long as it is held, and says why it does not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from delivery.targets.docker.place import Place
from delivery.targets.docker.state.hand import Hand, HandLostError


def test_it_answers_until_it_is_closed(place: Place, home: Path) -> None:
    hand = Hand(place)
    assert hand.lives()
    hand.ask("write", name="a", text="one")
    assert (home / "state" / "a").read_text() == "one"
    hand.close()
    assert not hand.lives()


def test_one_that_the_engine_refuses_says_why(place: Place, home: Path) -> None:
    (home / "bin" / "docker").write_text("#!/bin/sh\necho 'Error: no such image' >&2; exit 125")
    hand = Hand(place)
    with pytest.raises(HandLostError, match="no such image"):
        hand.ask("ping")
    hand.close()


def test_it_is_kept_until_told_otherwise(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.targets.docker.state.hand.BEAT", 0.01)
    hand, ended = Hand(place), threading.Event()
    keeping = threading.Thread(target=hand.keep, args=(ended,))
    keeping.start()
    assert hand.lives()
    ended.set()
    keeping.join(5)
    assert not keeping.is_alive()
    hand.close()
