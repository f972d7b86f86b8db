"""The results of the simulation, as a section of docs/analysis.md and a plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from bench.gates.page import COLOURS, STYLE, put
from bench.page import table
from bench.rollouts.findings import (
    ANSWERS,
    LIFTS,
    LOOKS,
    RATES,
    SHARES,
    SLOWER,
    USERS,
    Ended,
    Operating,
    Share,
)

PAGE = "analysis.md"
PLOT = "analysis.svg"
MORE: Any = {**STYLE, "svg.hashsalt": "rollouts"}


def write(found: Operating, docs: Path) -> None:
    """Put the section between its marks on the page in `docs`, and the plot beside it."""
    put(docs / PAGE, section(found))
    plot(found, docs / PLOT)


def plot(found: Operating, file: Path) -> None:
    """Four panels: exposure until a stop, users, latency, looks at an experiment."""
    with mpl.rc_context(MORE):
        figure, ((one, two), (three, four)) = plt.subplots(
            2, 2, figsize=(8.4, 6.4), layout="constrained"
        )
        for (rate, counts), colour in zip(found.exposure.items(), _colours(4), strict=True):
            known = [count for count in counts if np.isfinite(count)]
            y = 100 * np.arange(1, len(known) + 1) / len(counts)
            one.step(known, y, where="post", color=colour, label=f"{rate:.0%} errors")
        one.set_xscale("log")
        one.set_xlabel("requests that the candidate answered, at a share of 5%")
        one.set_ylabel("stopped, % of rollouts")
        for name, colour in zip(found.users, _colours(2), strict=True):
            _line(two, USERS, found.users[name], colour, f"users that ask {name}")
        two.set_xscale("log")
        two.set_xlabel("users, in 20,000 requests; 2% errors instead of 0.5%")
        for share, colour in zip(SHARES, _colours(2), strict=True):
            last = [row[-1] for row in found.slower[share]]
            label = f"a share of {share:.0%}"
            _line(three, [100 * (s - 1) for s in SLOWER], last, colour, label)
        three.set_xlabel(f"% slower; {ANSWERS[-1]:,} answers of both")
        three.set_ylabel("stopped, % of rollouts")
        for name, colour in zip(found.looks, _colours(2), strict=True):
            four.plot(np.arange(1, LOOKS + 1), 100 * np.array(found.looks[name]), color=colour,
                      label=name)  # fmt: skip
        four.axhline(5, color="#b23", linestyle=":", linewidth=1)
        four.set_xlabel("looks at an experiment with equal releases")
        four.set_ylabel("falsely decided, %")
        for panel in (one, two, three, four):
            panel.set_ylim(-3, 103)
            panel.legend(frameon=False, fontsize=8)
        four.set_ylim(0, 60)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


def _colours(count: int) -> list[str]:
    return ["#9aa4b2", *COLOURS][-count:]


def _line(panel: Any, x: Sequence[float], shares: Sequence[Share], colour: str, label: str) -> None:
    y = [100 * share.value for share in shares]
    low = [100 * max(0.0, share.value - share.interval()[0]) for share in shares]
    high = [100 * max(0.0, share.interval()[1] - share.value) for share in shares]
    panel.errorbar(x, y, yerr=[low, high], marker="o", capsize=2, color=colour, label=label)


def section(found: Operating) -> str:
    """The tables, as Markdown."""
    parts = [f"![Four curves]({PLOT})\n", *_whole(found), *_errors(found), *_others(found)]
    return "\n".join(parts).rstrip()


def _whole(found: Operating) -> list[str]:
    """Whole rollouts, in requests and in time."""
    return [
        "### Whole rollouts\n",
        f"Steps of 5, 25 and 50%, with all defaults. Each line is {found.rollouts[0].passed.runs} "
        "rollouts; brackets hold Wilson's 95% interval. What neither passed nor was stopped was "
        "inconclusive after 250,000 requests. Requests are medians until the end.\n",
        table(
            ["release", "passed", "stopped", "requests", "of the candidate"],
            [_rollout(ended) for ended in found.rollouts],
        ),
        "The same in time, for steady traffic:\n",
        table(
            ["release", *(f"{rate} a second" for rate in RATES)],
            [[each.name, *(_time(each.requests / rate) for rate in RATES)]
             for each in found.rollouts],
        ),
    ]  # fmt: skip


def _errors(found: Operating) -> list[str]:
    """Healthy releases that are stopped, and bad ones by their users."""
    return [
        "### False stops by errors\n",
        f"Healthy releases in 20,000 requests, looked at after each; {found.runs} runs a cell.\n",
        table(
            ["traffic", *(f"a share of {share:.0%}" for share in SHARES)],
            [[name, *map(str, shares)] for name, shares in found.stops.items()],
        ),
        f"All cells together: {_together(found.stops.values())}.\n",
        "### Power by users\n",
        "2% errors instead of 0.5%, in 20,000 requests at a share of 50%: stopped by incidents "
        "alone, of which a user brings one.\n",
        table(
            ["users", *(f"{size:,}" for size in USERS)],
            [[f"ask {name}", *map(str, shares)] for name, shares in found.users.items()],
        ),
    ]


def _others(found: Operating) -> list[str]:
    """Latency, experiments and the sample ratio."""
    return [
        "### Slower releases\n",
        "Stopped by the number of answers of both arms. The tolerance is 10%, so a release that is "
        "10% slower should not be stopped.\n",
        table(
            ["slower by", "share", *(f"{size:,}" for size in ANSWERS)],
            [
                [f"{slower - 1:.0%}", f"{share:.0%}", *(f"{cell.value:.1%}" for cell in row)]
                for share in SHARES
                for slower, row in zip(SLOWER, found.slower[share], strict=True)
            ],
        ),
        "### Experiments and the sample ratio\n",
        "20,000 users, an outcome of 30%, looked at 100 times.\n",
        table(
            ["what", "share of experiments"],
            [
                ["equal releases decided falsely by a fixed 95% interval",
                 f"{found.looks['fixed interval'][-1]:.1%}"],
                ["equal releases decided falsely by the confidence sequence",
                 f"{found.looks['confidence sequence'][-1]:.1%}"],
                *([f"won with an outcome that is {lift:.0%} better", str(share)]
                  for lift, share in zip(LIFTS[1:], found.lifts[1:], strict=True)),
                *([f"sample ratio held: {name}", str(share)]
                  for name, share in found.split.items()),
            ],
        ),
    ]  # fmt: skip


def _together(rows: Iterable[Sequence[Share]]) -> Share:
    cells = [share for row in rows for share in row]
    return Share(sum(cell.hits for cell in cells), sum(cell.runs for cell in cells))


def _rollout(ended: Ended) -> list[str]:
    return [
        ended.name, str(ended.passed), str(ended.stopped),
        f"{ended.requests:,.0f}", f"{ended.exposed:,.0f}",
    ]  # fmt: skip


def _time(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
