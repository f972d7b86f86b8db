"""The picture of docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from bench.contestants import LIMIT, UNCOUNTED
from bench.results import Results

matplotlib.use("svg")
from matplotlib import pyplot

STYLE: Any = {"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9}
CONNECTIONS = 8
OURS, THEIRS = "#1f6feb", "#9aa4b2"


def draw(results: Results, file: Path) -> None:
    """Requests a second as a share of the limit at 8 connections, a panel for each number of rows;
    the same results give the same bytes."""
    cells = [cell for cell in results.plan.cells if cell.connections == CONNECTIONS]
    servers = [one for one in results.servers.values() if one.name not in (LIMIT, UNCOUNTED)]
    names = [server.title.replace("`", "") for server in servers][::-1]
    colours = [OURS if server.name == "service" else THEIRS for server in servers][::-1]
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            1, len(cells), figsize=(9, 2.2), sharey=True, squeeze=False, layout="constrained"
        )
        for panel, cell in zip(axes[0], cells, strict=True):
            shares = [results.ratio(cell, server.name, LIMIT) for server in servers][::-1]
            drawn = panel.barh(names, shares, color=colours)
            panel.bar_label(drawn, [f"{share:.2f}" for share in shares], padding=3)
            panel.set_xlim(0, 1.15)
            panel.axvline(1, color="black", linewidth=0.8)
            panel.set_title(f"{cell.rows:,} row{'s' if cell.rows > 1 else ''} a request")
            panel.spines[["top", "right"]].set_visible(False)
        figure.supxlabel("requests a second, 1 = the limit; 8 connections", fontsize=9)
        figure.savefig(file, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
