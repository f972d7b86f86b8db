"""Reports of a judgement: a table for terminals, JSON, Markdown and one HTML page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from delivery.files import write_whole
from delivery.gates.judgement import Judgement
from delivery.report.page import html
from delivery.report.terminal import table, verdict_table
from delivery.report.text import markdown

__all__ = ["Report", "markdown", "table", "verdict_table", "write"]


@dataclass(frozen=True, slots=True)
class Report:
    """Where the three forms of a report lie."""

    json: Path
    markdown: Path
    html: Path


def write(judgement: Judgement, folder: Path) -> Report:
    """Write report.json, report.md and report.html into `folder`, each in one step."""
    report = Report(folder / "report.json", folder / "report.md", folder / "report.html")
    content = json.dumps(judgement.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(report.json, content + "\n")
    write_whole(report.markdown, markdown(judgement))
    write_whole(report.html, html(judgement))
    return report
