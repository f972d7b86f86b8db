"""The year 2013, replayed by the commands that people use, and compared with simpler ways to
retrain. Written into docs/year.md, with a plot."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.year.offline.rows import Year

FOLDER = Path(".year")
OFFSET = 300  # of the ports, so that a demo may run beside it; the next story has the next hundred


def main(quick: bool) -> None:
    """Begin the replay, or go on with it, and write what was found. With `MONTHS=3` each story
    ends after three months; a quick run ends after one, and prints it.

    The stories are played side by side, and meanwhile the models to compare with are fitted.
    """
    from bench.year.calendar import STORIES
    from bench.year.offline.policies import MODELS
    from bench.year.offline.rows import flights, year
    from bench.year.offline.settings import chosen
    from pipeline.settings import read_settings

    months = int(os.environ.get("MONTHS", "1" if quick else "12"))
    FOLDER.mkdir(exist_ok=True)
    settings = read_settings()
    own = chosen(flights(settings), settings, FOLDER / "settings.json")
    spawned = multiprocessing.get_context("spawn")  # a fork would share the threads of LightGBM
    with ProcessPoolExecutor(len(STORIES), spawned) as pool:
        stories = [pool.submit(_play, name, own, months) for name in STORIES]
        made = year(own, MODELS)
        for story in stories:
            story.result()
    report(made, Path("docs"), quick)


def _play(name: str, own: Mapping[str, Any], months: int) -> None:
    """One story, in a process and on ports of its own."""
    from bench.year.calendar import STORIES
    from bench.year.loop import Loop
    from bench.year.offline.rows import flights
    from delivery.demo.stage import Stage
    from delivery.settings.policy import PORT_OFFSET
    from pipeline.settings import read_settings

    own_offset = int(os.environ.get(PORT_OFFSET, OFFSET)) + 100 * list(STORIES).index(name)
    os.environ[PORT_OFFSET] = str(own_offset)
    stage = Stage(Path.cwd(), f"{FOLDER}/{name}")
    Loop(stage, STORIES[name], flights(read_settings())).play(own, months)


def report(made: Year, docs: Path, quick: bool) -> None:
    """Write the page about what was replayed so far, or print its section."""
    from bench.year.calendar import STORIES
    from bench.year.offline.policies import measured, policies
    from bench.year.page import PAGE, PLOT, Told, section, write
    from bench.year.state import STATE, State
    from bench.year.traffic import answers

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
