"""`python -m delivery.demo`: play all acts, or take the last demo down."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.table import Table

from delivery.demo.acts import ACTS, Story
from delivery.demo.stage import CONSOLE, DemoError, Stage, prepare, take_down


def play(stage: Stage) -> Story:
    """All acts, timed."""
    story = Story()
    prepare(stage)
    for number, (name, act) in enumerate(ACTS, start=1):
        CONSOLE.rule(f"[bold]{number}. {name}", align="left")
        begun = time.monotonic()
        act(stage, story)
        story.seconds[name] = time.monotonic() - begun
        CONSOLE.print(f"[green]{name}: done in {story.seconds[name]:.1f} s[/green]")
    return story


def summary(story: Story) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("act", "seconds"):
        table.add_column(column)
    for name, seconds in story.seconds.items():
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("all", f"{sum(story.seconds.values()):.1f}", style="bold")
    return table


def main() -> int:
    """0 when every act ended as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", choices=("0", "1"), default="1")
    parser.add_argument("--down", action="store_true")
    options = parser.parse_args()
    stage = Stage(Path.cwd())
    if options.down:
        take_down(stage)
        return 0
    try:
        story = play(stage)
    except DemoError as error:
        CONSOLE.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        take_down(stage)
        return 1
    (stage.folder / "result.json").write_text(json.dumps(vars(story), indent=1), encoding="utf-8")
    CONSOLE.print(summary(story))
    if options.keep == "0":
        take_down(stage)
    else:
        CONSOLE.print("staging and production stay up; `make down` stops them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
