"""The last line of a report on a pull request: which commit was judged, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from delivery.gates.judgement import Judgement
from delivery.report.text import outcome

LINE = re.compile(r"^Judged: commit ([0-9a-f]{40}) (passes|is refused|is held)\.$", re.MULTILINE)
WORDS = {"passes": "passes", "refused": "is refused", "held": "is held"}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A commit and what its gates said: `passes`, `is refused` or `is held`."""

    commit: str
    outcome: str

    @property
    def passes(self) -> bool:
        return self.outcome == WORDS["passes"]

    @property
    def line(self) -> str:
        return f"Judged: commit {self.commit} {self.outcome}."


def stamp(judgement: Judgement, commit: str) -> Stamp:
    """What was judged at `commit`."""
    return Stamp(commit, WORDS[outcome(judgement.verdicts)])


def read_stamp(comment: str) -> Stamp | None:
    """The newest stamp of a comment; None where nothing was judged."""
    stamps = LINE.findall(comment)
    return Stamp(*stamps[-1]) if stamps else None
