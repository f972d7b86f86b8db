"""The page docs/benchmarks.md and its picture, from the results alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.bars import ONE_ROW, bars
from bench.contestants import (
    ASGI,
    BENTOML,
    KSERVE,
    LIMIT,
    MLFLOW,
    PROTOCOL,
    SERVICE,
    TUNED,
    UNCOUNTED,
)
from bench.plot import draw
from bench.results import Cell, Results, Server

HEAD = Path(__file__).with_suffix(".md")


SERVERS = {
    SERVICE: (
        "this service",
        "the service as a deployment starts it: with API keys, validation, limits, metrics, drift "
        "counters and the prediction log",
    ),
    LIMIT: (
        "the limit",
        "uvicorn with uvloop and httptools, Starlette, orjson and ONNX Runtime, without validation "
        "or any other function",
    ),
    ASGI: ("bare ASGI", "the same without Starlette"),
    PROTOCOL: (
        "a protocol by hand",
        "an `asyncio.Protocol` on uvloop and httptools: the fastest that Python serves this model",
    ),
    KSERVE: (
        "KServe ModelServer",
        "protocol v1, as its documentation shows it, around the same graph",
    ),
    BENTOML: (
        "BentoML `@api`",
        "its typed input, as its documentation shows it, around the same graph",
    ),
    TUNED: ("BentoML `@api`, tuned", "the same, its access log, metrics and tracing off"),
    MLFLOW: (
        "`mlflow models serve`",
        "a `pyfunc` model with a signature, as its documentation shows it, around the same graph",
    ),
}


def write(results: Results, file: Path) -> None:
    """The page into `file`, the picture beside it."""
    file.write_text(render(results), encoding="utf-8")
    draw(results, file.with_suffix(".svg"))


def render(results: Results) -> str:
    """The page as Markdown; the same results give the same bytes."""
    shots = [
        shot
        for server in results.servers.values()
        for cell in server.shots.values()
        for shot in cell
    ]
    head = HEAD.read_text(encoding="utf-8").format(
        servers=table(
            ["server", "what is measured"],
            [
                [f"**{SERVERS[name][0]}**", SERVERS[name][1]]
                for name in results.servers
                if name in SERVERS
            ],
        ),
        rounds=results.plan.rounds,
        seconds=results.plan.seconds,
        generator=max(shot.generator for shot in shots),
    )
    parts = [head, *_sections(results)]
    return "\n".join(parts)


def _sections(results: Results) -> Iterator[str]:
    compared = [each for each in results.servers.values() if each.name != UNCOUNTED]
    yield "![Requests a second of each server as a share of the limit](benchmarks.svg)\n"
    yield _machine(results)
    yield "## Bars\n\n" + _bars(results)
    yield "## Requests a second\n\nThe ratio to the limit stands in brackets.\n"
    yield _by_cell(results, compared, lambda server, cell: _rate(results, server, cell))
    yield "## Latency\n\nMilliseconds: median / 99th percentile.\n"
    yield _by_cell(results, compared, _latency)
    yield "## Start and memory\n\n" + _starts(compared)
    yield "## Where the time goes\n\n" + _parts(results)
    if results.servers[UNCOUNTED].shots:
        yield "## Drift counters\n\n" + _counters(results)


def _machine(results: Results) -> str:
    machine = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return f"Date: {results.date}. Machine: {machine}. Versions: {versions}.\n"


def _bars(results: Results) -> str:
    rows = [
        [
            bar.text,
            f"{'at most' if bar.most else 'at least'} {bar.required:g}",
            f"{bar.middle:.3g} ({bar.least:.3g}–{bar.greatest:.3g})",
            "met" if bar.met else "**not met**",
        ]
        for bar in bars(results)
    ]
    note = (
        "Ratios are those of this service to another server, with eight connections: the median "
        "of the rounds, and the range. The worst round has to meet a bar.\n\n"
    )
    return note + table(["what", "bar", "measured", ""], rows)


def _rate(results: Results, server: Server, cell: Cell) -> str:
    rate = f"{server.middle(cell, 'rate'):,.0f}"
    if server.name == LIMIT:
        return rate
    return f"{rate} ({results.ratio(cell, server.name, LIMIT):.2f})"


def _latency(server: Server, cell: Cell) -> str:
    return f"{server.middle(cell, 'p50'):.2f} / {server.middle(cell, 'p99'):.2f}"


def _by_cell(
    results: Results, compared: Sequence[Server], shown: Callable[[Server, Cell], str]
) -> str:
    head = ["rows", "connections", *(server.title for server in compared)]
    rows = [
        [f"{cell.rows:,}", str(cell.connections), *(shown(server, cell) for server in compared)]
        for cell in results.plan.cells
    ]
    return table(head, rows)


def _starts(compared: Sequence[Server]) -> str:
    rows = [
        [server.title, f"{median(server.starts):.1f}", f"{server.megabytes:.0f}"]
        for server in compared
    ]
    note = (
        "A start is cold: a new process, with compiled modules on the disk. This service starts "
        "alone, with both cores. The others start on one core while the earlier ones run. Memory "
        "is the largest resident memory of all processes of a server. Pages that two processes "
        "share count twice.\n\n"
    )
    return note + table(["server", "s until ready", "MB"], rows)


PARTS = {  # of the service → of the limit
    "JSON to columns; the service also validates them": ("decode", "limit: decode"),
    "ONNX Runtime": ("score", "limit: score"),
    "answer": ("answer", "limit: answer"),
    "guard, route, metrics": ("guard", None),
    "drift counters and signals": ("count", None),
    "line of the prediction log": ("log", None),
}


def _parts(results: Results) -> str:
    counts = list(results.parts)
    rows = []
    for name, (ours, theirs) in PARTS.items():
        line = [name]
        for count in counts:
            found = _derived(results.parts[count])
            line += [f"{found[ours]:,.0f}", f"{found[theirs]:,.0f}" if theirs else ""]
        rows.append(line)
    head = ["part"]
    for count in counts:
        named = f"{int(count):,} row" + "s" * (count != "1")
        head += [named, f"{named}, the limit"]
    note = (
        "The figures are microseconds of CPU time for a request, for the fastest tenth of the "
        "requests, in one process without sockets. Both servers also spend time in uvicorn, and "
        "the limit also in Starlette.\n\n"
    )
    return note + table(head, rows)


def _derived(found: Mapping[str, float]) -> dict[str, float]:
    """With what is known by subtraction. Medians of differences may be a little below zero."""
    inside = found["decode"] + found.get("validate", 0.0) + found["score"] + found["answer"]
    return {
        **found,
        "decode": found["decode"] + found.get("validate", 0.0),
        "limit: decode": found["limit: JSON"] + found["limit: columns"],
        "guard": max(0.0, found["whole"] - inside),
    }


def _counters(results: Results) -> str:
    with_, without = results.servers[SERVICE], results.servers[UNCOUNTED]
    rate = results.ratio(ONE_ROW, SERVICE, UNCOUNTED)
    p99 = results.ratio(ONE_ROW, SERVICE, UNCOUNTED, of="p99")
    rows = [
        ["on", f"{with_.middle(ONE_ROW, 'rate'):,.0f}", f"{with_.middle(ONE_ROW, 'p99'):.2f}"],
        ["off", f"{without.middle(ONE_ROW, 'rate'):,.0f}", f"{without.middle(ONE_ROW, 'p99'):.2f}"],
        ["ratio", f"{rate:.2f}", f"{p99:.2f}"],
    ]
    note = (
        "Eight connections, one row. `off` is the same [bento](glossary.md#bento) with counters "
        "that are told nothing.\n\n"
    )
    return note + table(["drift counters", "requests a second", "p99, ms"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
