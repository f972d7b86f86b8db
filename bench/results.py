"""What was measured: as it is kept in JSON, and the medians and ratios that are read from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.generator import Shot


class Cell(NamedTuple):
    """One kind of load."""

    connections: int
    rows: int


@dataclass(frozen=True)
class Plan:
    """Each server in each cell, `rounds` times for `seconds`, one after the other in turn."""

    cells: Sequence[Cell]
    rounds: int
    seconds: int
    starts: int


@dataclass
class Server:
    """One that took part. `shots` has one for each round; `starts` are the seconds from its
    start until it was ready, `megabytes` the most that it and its children were seen to hold."""

    name: str
    title: str
    starts: list[float] = field(default_factory=list)
    megabytes: float = 0.0
    shots: dict[Cell, list[Shot]] = field(default_factory=dict)

    def middle(self, cell: Cell, of: str) -> float:
        """The median of a field of its shots."""
        return float(median(getattr(shot, of) for shot in self.shots[cell]))


@dataclass
class Results:
    """One run. `machine` and `versions` are names and what a person wants to know of them."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    plan: Plan
    servers: dict[str, Server] = field(default_factory=dict)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)  # rows → part → µs

    def ratio(self, cell: Cell, one: str, other: str, of: str = "rate") -> float:
        """The median over the rounds of one / other."""
        return float(median(self.ratios(cell, one, other, of)))

    def ratios(self, cell: Cell, one: str, other: str, of: str = "rate") -> list[float]:
        """one / other in each round: both were measured within seconds, so what else the machine
        did meanwhile counts less than between medians."""
        pairs = zip(self.servers[one].shots[cell], self.servers[other].shots[cell], strict=True)
        return [getattr(a, of) / getattr(b, of) for a, b in pairs]

    def to_json(self) -> str:
        content: dict[str, Any] = asdict(self)
        content["servers"] = [
            {
                "name": server.name,
                "title": server.title,
                "starts": server.starts,
                "megabytes": server.megabytes,
                "cells": [
                    {**cell._asdict(), "shots": [asdict(shot) for shot in shots]}
                    for cell, shots in server.shots.items()
                ],
            }
            for server in self.servers.values()
        ]
        return json.dumps(content, indent=1) + "\n"


def read(file: Path) -> Results:
    """The results of a run before."""
    content = json.loads(file.read_text(encoding="utf-8"))
    plan = content.pop("plan")
    plan["cells"] = [Cell(*cell) for cell in plan["cells"]]
    servers = {}
    for each in content.pop("servers"):
        cells = each.pop("cells")
        shots = {
            Cell(cell["connections"], cell["rows"]): [Shot(**shot) for shot in cell["shots"]]
            for cell in cells
        }
        servers[each["name"]] = Server(**each, shots=shots)
    return Results(**content, plan=Plan(**plan), servers=servers)
