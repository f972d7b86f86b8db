"""The results of the simulation, as a section of docs/gates/operating-characteristics.md and a
plot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.gates.findings import REQUESTS, ROWS, Found, Operating
from delivery.files import write_whole

BEGIN, END = "<!-- begin: make bench -->", "<!-- end: make bench -->"
PAGE = "operating-characteristics.md"
PLOT = "power.svg"
STYLE: Any = {
    "svg.hashsalt": "gates",  # the same numbers give the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
COLOURS = ("#9bb8d3", "#2f6fab", "#12324f")


def write(found: Operating, docs: Path) -> None:
    """Put the section between its marks on the page in `docs`, and the plot beside it."""
    put(docs / PAGE, section(found))
    plot(found, docs / PLOT)


def put(page: Path, made: str) -> None:
    """Replace what stands between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    marked = f"{BEGIN}\n{made}\n{END}"
    fresh, times = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: marked, text, flags=re.DOTALL
    )
    if times != 1:
        raise SystemExit(f"{page} must hold `{BEGIN}` and `{END}` once, found {times}")
    write_whole(page, fresh)


def plot(found: Operating, file: Path) -> None:
    """Left: refused by how much worse a candidate is. Right: refused by rows of a broken slice."""
    with mpl.rc_context(STYLE):
        figure, (whole, part) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
        arms = [one for one in found.champion if one.arm.broken is None]
        sizes = sorted({one.arm.days for one in arms})
        for days, colour in zip(sizes, COLOURS, strict=False):
            line = sorted((one for one in arms if one.arm.days == days), key=lambda o: o.arm.lost)
            ends = _ends(line)
            x, y = [one.arm.lost for one in line], [100 * one.refused for one in line]
            whole.errorbar(
                x, y, yerr=ends, marker="o", color=colour, capsize=2, label=f"{days} days"
            )
        whole.axhline(5, color="#b23", linestyle=":", linewidth=1)
        whole.set_xlabel("candidate worse by … points of AUC")
        whole.set_ylabel("does not pass, % of candidates")
        whole.set_ylim(-3, 103)
        whole.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.08))
        slices = [one for one in found.champion if one.arm.broken]
        x = [one.arm.rows for one in slices]
        part.errorbar(
            x, [100 * one.refused for one in slices], yerr=_ends(slices),
            fmt="o", color=COLOURS[1], capsize=2,
        )  # fmt: skip
        for one in slices:
            assert one.arm.broken is not None
            part.annotate(f" {one.arm.broken[1]}", (one.arm.rows, 100 * one.refused), fontsize=7)
        part.set_xscale("log")
        part.set_xlabel("rows of the one broken slice")
        part.set_ylim(-3, 103)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


def _ends(found: Sequence[Found]) -> list[list[float]]:
    """Error bars in percent, below and above; rounding puts the end of 0% or 100% beyond it."""
    low = [100 * max(0.0, one.refused - one.interval()[0]) for one in found]
    high = [100 * max(0.0, one.interval()[1] - one.refused) for one in found]
    return [low, high]


def section(found: Operating) -> str:
    """How the figures came about, and the tables, as Markdown."""
    return "\n".join(
        [
            *_reading(found),
            "",
            f"![How often the champion gate refuses]({PLOT})",
            "",
            "| candidate | days | does not pass | fails: worse, proven |",
            "|---|---|---|---|",
            *(_line(one) for one in found.champion),
            "",
            "The two tables below are about the load gate. The first has lognormal latencies with "
            "a p99 of three medians, by how far the true p99 is from the limit. The second has "
            "errors, by their true share. Each figure is the share of runs that the gate refused, "
            "by the number of requests.",
            "",
            *_grid("true p99", REQUESTS, found.load["p99"]),
            "",
            *_grid("true errors", REQUESTS, found.load["errors"]),
            "",
            "The last table is about `data_drift`: the population stability index (PSI) of ten "
            "equal bins where nothing drifted, by the number of rows on each side.",
            "",
            *_drift(found),
        ]
    )


def _reading(found: Operating) -> list[str]:
    """How the figures came about."""
    runs = found.champion[0].runs
    auc = f"AUC {min(found.aucs):.3f} to {max(found.aucs):.3f}"
    return [
        f"The pipeline fitted {len(found.aucs)} [twins](../glossary.md#twin), each on nine tenths "
        f"of the training days ({auc}). The holdout has {found.rows:,} rows on {found.days} days, "
        "and intervals resample days. For each day a coin decides which of two twins plays the "
        "candidate and which the champion.",
        "",
        "| candidate | is made by |",
        "|---|---|",
        "| equal | the twin, unchanged |",
        "| worse | noise on the log-odds until the AUC fell by so much; it stays calibrated |",
        "| broken | the scores of one slice in a random order; it stays calibrated |",
        "",
        f"Each line of the next table is {runs} runs. Brackets hold Wilson's 95% interval.",
    ]


def _line(one: Found) -> str:
    low, high = one.interval()
    interval = f"{one.refused:.1%} ({low:.1%} to {high:.1%})"
    return f"| {one.arm.name} | {one.arm.days} | {interval} | {one.failed / one.runs:.1%} |"


def _grid(name: str, sizes: Sequence[int], rows: Mapping[str, Sequence[float]]) -> list[str]:
    return [
        f"| {name} | " + " | ".join(f"{size:,}" for size in sizes) + " |",
        "|---" * (len(sizes) + 1) + "|",
        *(
            f"| {key} | " + " | ".join(f"{v:.1%}" for v in values) + " |"
            for key, values in rows.items()
        ),
    ]


def _drift(found: Operating) -> list[str]:
    shares = {key: values for key, values in found.drift.items() if key.startswith("PSI")}
    lines = _grid("share with", ROWS, shares)
    q99 = " | ".join(f"{value:.3f}" for value in found.drift["99% quantile"])
    return [*lines, f"| 99% quantile | {q99} |"]
