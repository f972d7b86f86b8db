"""How often do the gates of a rollout err, and what do they cost? Written into docs/analysis.md,
with a plot."""

from __future__ import annotations

from pathlib import Path


def main(quick: bool) -> None:
    """Simulate some hundred rollouts of each kind and write what was found; a quick run simulates
    a few and prints it, since they say little."""
    from bench.rollouts import page
    from bench.rollouts.simulation import simulate

    if quick:
        print(page.section(simulate(8)))
        return
    folder = Path("docs")
    page.write(simulate(200), folder)
    print(f"{folder / page.PAGE}, {folder / page.PLOT}")
