"""How does cost grow? Rows and features in training; releases, events and environments in what
`delivery` reads. Written into docs/scale.md.
"""

from __future__ import annotations

from pathlib import Path

from delivery.files import write_whole

PAGE = "scale.md"


def main(quick: bool) -> None:
    """Measure and write the page; a quick run measures small sizes and prints what it has."""
    from bench.scale.page import render, section
    from bench.scale.series import FULL, QUICK, measure

    if quick:
        print(section(measure(QUICK)))
        return
    page = Path("docs") / PAGE
    write_whole(page, render(measure(FULL)))
    print(page)
