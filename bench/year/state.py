"""What came of a story so far, kept in a file so that a run that was killed goes on."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.year.calendar import END, Day
from delivery.files import write_whole

STATE = "state.json"
SEEN = ("alarm", "look")  # events by which a week ends
CONSOLE = Console(highlight=False)


@dataclass
class State:
    """What came of it so far. `events` in the order of time: day, kind and what else there is."""

    done: str = ""  # the end of the last week that is over
    tried: int = 0  # the last month that a retrain was scheduled for
    requests: int = 0
    rows: int = 0
    lost: int = 0
    learned: int = 0  # broken rows that a release was fitted on
    mended: str = ""  # the day from which on nothing is broken any more
    phase: str = ""  # of a retrain on its way: proposed, merged, staging, production
    url: str = ""  # of production
    seconds: float = 0  # by the clock
    cpu: float = 0  # s of the commands, without the services
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def releases(self) -> int:
        """Models that went live: the same one, judged again on newer data, is no other."""
        live = [event["release"] for event in self.events if event["kind"] == "release"]
        return len(list(itertools.groupby(live)))

    @property
    def sound_from(self) -> Day:
        """The day from which on nothing is broken any more, as far as anybody knows."""
        return Day(self.mended) if self.mended else END

    @classmethod
    def read(cls, file: Path) -> State:
        """A new one if there is none."""
        return cls(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else cls()

    def save(self, file: Path) -> None:
        write_whole(file, json.dumps(asdict(self), indent=1) + "\n")

    def add(self, requests: int, rows: int, lost: int) -> None:
        """What was sent in a week that is over."""
        self.requests, self.rows = self.requests + requests, self.rows + rows
        self.lost += lost

    def forget(self, begin: Day) -> None:
        """What a run that was killed in the week from `begin` on had seen of it is seen again."""
        later = f"{begin:%Y-%m-%d}"
        again = [each for each in self.events if each["kind"] in SEEN and each["day"] > later]
        self.events = [each for each in self.events if each not in again]

    def note(self, day: Day, kind: str, **more: Any) -> None:
        """Add an event, and show it."""
        self.events.append({"day": f"{day:%Y-%m-%d}", "kind": kind, **more})
        CONSOLE.print(f"  {day:%d %b} {kind}: {more}", markup=False, soft_wrap=True)
