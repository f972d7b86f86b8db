"""The files of an environment in a named volume of its engine, which outlives every container.

Whoever has the lock writes by the lock's own hand, so that a write is impossible once the lock was
taken away. Everybody else, and whoever only reads, has a hand for that, opened when it is needed.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from delivery.errors import TargetError
from delivery.targets.docker.place import PYTHON, STATE, USER, Place
from delivery.targets.docker.state.hand import Hand, HandLostError


class Volume:
    """The state of `place`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._hand: Hand | None = None
        self._turn = threading.Lock()
        self._writer = threading.local()

    def __truediv__(self, name: str, /) -> VolumeFile:
        return VolumeFile(self, name)

    @contextmanager
    def written_by(self, hand: Hand | None) -> Iterator[None]:
        """What this thread asks for meanwhile is asked of `hand`."""
        self._writer.hand = hand
        try:
            yield
        finally:
            self._writer.hand = None

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """TargetError where the engine cannot."""
        hand: Hand | None = getattr(self._writer, "hand", None)
        if hand is not None:
            return hand.ask(do, **request)
        with self._turn:
            if self._hand is not None:
                try:
                    return self._hand.ask(do, **request)
                except HandLostError:  # it was silent for a minute, or the engine was restarted
                    self._hand.close()
            self._hand = self._opened()
            return self._hand.ask(do, **request)

    def prepare(self) -> None:
        """Make it, for the user that all containers run as."""
        engine = self.place.engine
        if engine.inspected("volume", self.place.volume) is None:
            labels = self.place.labelled("state", {})
            engine("volume", "create", *labels, self.place.volume)
        engine(
            "run", "--rm", "--network=none", "--cap-drop=ALL", "--cap-add=CHOWN", "--user=0",
            "--security-opt=no-new-privileges", "--read-only",
            f"--volume={self.place.volume}:{STATE}", f"--entrypoint={PYTHON}", self.place.base,
            "-I", "-c", f"import os; os.chown({STATE!r}, {USER}, {USER})",
        )  # fmt: skip

    def close(self) -> None:
        with self._turn:
            if self._hand is not None:
                self._hand.close()
            self._hand = None

    def _opened(self) -> Hand:
        hand = Hand(self.place, *self.place.labelled("hand", {}))
        if hand.ask("ping")["writable"]:
            return hand
        hand.close()
        self.prepare()
        hand = Hand(self.place, *self.place.labelled("hand", {}))
        if not hand.ask("ping")["writable"]:
            hand.close()
            raise TargetError(f"the volume {self.place.volume} is not writable for user {USER}")
        return hand


@cache
def volume_of(place: Place) -> Volume:
    """One for all targets of this process, closed with it."""
    volume = Volume(place)
    atexit.register(volume.close)
    return volume


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """A `delivery.targets.state.RemoteFile`."""

    volume: Volume
    name: str

    def exists(self) -> bool:
        return "missing" not in self.volume.ask("read", name=self.name)

    def read_text(self, encoding: str = "utf-8") -> str:
        """Always UTF-8."""
        answer = self.volume.ask("read", name=self.name)
        if "missing" in answer:
            raise FileNotFoundError(f"{self} ({encoding})")
        return str(answer["text"])

    def unlink(self, missing_ok: bool = False) -> None:
        answer = self.volume.ask("delete", name=self.name)
        if "missing" in answer and not missing_ok:
            raise FileNotFoundError(str(self))

    def write_whole(self, text: str) -> None:
        self.volume.ask("write", name=self.name, text=text)

    def __str__(self) -> str:
        return f"{self.name} in the volume {self.volume.place.volume}"
