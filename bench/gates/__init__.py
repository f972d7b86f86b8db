"""How often do the gates err? Written into docs/gates/, with a plot."""

from __future__ import annotations

from pathlib import Path


def main(quick: bool) -> None:
    """Simulate 200 of each kind of candidate and write what was found; a quick run simulates 20
    and prints it, since it says little."""
    from bench.gates import page
    from bench.gates.simulation import operate

    if quick:
        print(page.section(operate(20)))
        return
    folder = Path("docs/gates")
    page.write(operate(200), folder)
    print(f"{folder / page.PAGE}, {folder / page.PLOT}")
