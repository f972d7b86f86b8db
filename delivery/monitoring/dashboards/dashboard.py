"""A dashboard as Grafana reads it: panels in rows of 24 columns, and a choice of data source.

Grafana replaces `$environment` by what a person chooses, and `$__rate_interval` by a window that
has enough samples for the resolution of the screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SCHEMA = 38  # of Grafana 10; later ones read it and migrate it
COLUMNS = 24
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Unit = Literal["none", "percentunit", "reqps", "s", "short", "rowsps"]
Kind = Literal["timeseries", "table"]


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how a series is called: `{{label}}` stands for its label."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture, or one table of newest values. `about` says how to read it."""

    title: str
    about: str
    unit: Unit
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8

    def to_json(self, number: int, x: int, y: int) -> Mapping[str, Any]:
        instant = self.kind == "table"
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": self.unit, "min": 0}, "overrides": []},
            "options": {} if instant else {"legend": {"displayMode": "list"}},
            "transformations": [{"id": "merge", "options": {}}] if instant else [],
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": SOURCE,
                    "expr": query.expression,
                    "legendFormat": query.legend,
                    "instant": instant,
                    "range": not instant,
                    "format": "table" if instant else "time_series",
                }
                for place, query in enumerate(self.queries)
            ],
        }


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Panels from left to right and downwards. `name` is that of its file, and of its address."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    by_environment: bool = True

    def to_json(self) -> Mapping[str, Any]:
        return {
            "uid": f"delivery-{self.name}",
            "title": self.title,
            "tags": ["delivery"],
            "schemaVersion": SCHEMA,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "utc",
            "templating": {"list": self._variables()},
            "panels": self._placed(),
        }

    def _placed(self) -> list[Mapping[str, Any]]:
        placed, x, y = [], 0, 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > COLUMNS:
                x, y = 0, y + HEIGHT
            placed.append(panel.to_json(number, x, y))
            x += panel.width
        return placed

    def _variables(self) -> list[Mapping[str, Any]]:
        source = {
            "name": "datasource",
            "type": "datasource",
            "query": "prometheus",
            "label": "From",
        }
        environment = {
            "name": "environment",
            "type": "query",
            "label": "Environment",
            "datasource": SOURCE,
            "query": 'label_values(up{job="serving"}, environment)',
            "refresh": 2,
            "sort": 1,
        }
        return [source, environment] if self.by_environment else [source]
