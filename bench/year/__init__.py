"""The year 2013, replayed by the commands that people use, and compared with simpler ways to
retrain. Written into docs/year.md, with a plot."""

from __future__ import annotations

import json
import os
from pathlib import Path

FOLDER = Path(".year")
OFFSET = "300"  # of the ports, so that a demo may run beside it


def main(quick: bool) -> None:
    """Begin the replay, or go on with it, and write what was found. With `MONTHS=3` each story
    ends after three months; a quick run ends after one, and prints it."""
    from bench.year.calendar import STORIES
    from bench.year.loop import Loop
    from bench.year.offline.rows import flights
    from bench.year.offline.settings import chosen
    from delivery.demo.stage import Stage
    from delivery.settings.policy import PORT_OFFSET
    from pipeline.settings import read_settings

    os.environ.setdefault(PORT_OFFSET, OFFSET)
    months = int(os.environ.get("MONTHS", "1" if quick else "12"))
    FOLDER.mkdir(exist_ok=True)
    settings = read_settings()
    rows = flights(settings)
    own = chosen(rows, settings, FOLDER / "settings.json")
    for name, story in STORIES.items():
        Loop(Stage(Path.cwd(), f"{FOLDER}/{name}"), story, rows).play(own, months)
    report(Path("docs"), quick)


def report(docs: Path, quick: bool) -> None:
    """Write the page about what was replayed so far, or print its section."""
    from bench.year.calendar import STORIES
    from bench.year.offline.policies import MODELS, measured, policies
    from bench.year.offline.rows import year
    from bench.year.page import PAGE, PLOT, Told, section, write
    from bench.year.state import STATE, State
    from bench.year.traffic import answers

    own = json.loads((FOLDER / "settings.json").read_text(encoding="utf-8"))
    made = year(own, MODELS)
    told = {}
    for name, story in STORIES.items():
        if (state := State.read(FOLDER / name / STATE)).done:
            scores = answers(FOLDER / name / "log", made.rows)[1]
            told[name] = Told(story, state, measured(made, scores, state.releases - 1))
    if quick:
        print(section(policies(made), told))
        return
    write(policies(made), told, docs)
    print(f"{docs / PAGE}, {docs / PLOT}")
