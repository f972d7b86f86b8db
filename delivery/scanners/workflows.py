"""Workflows that could be abused or do not hold together: zizmor and actionlint, both offline."""

from __future__ import annotations

from pathlib import Path

from delivery.scanners.finding import Finding, Scan, judged, parsed, run

FOLDER = ".github/workflows"


def scan(root: Path) -> Scan:
    done = run(
        root, "zizmor", "--offline", "--pedantic", "--format", "json", "--no-exit-codes", "."
    )
    findings = [_zizmor(finding) for finding in parsed(done, "zizmor")]
    files = sorted(str(file.relative_to(root)) for file in (root / FOLDER).glob("*.y*ml"))
    lint = run(root, "actionlint", "-format", "{{json .}}", "-shellcheck=", "-pyflakes=", *files)
    findings += [
        Finding(error["kind"], error["filepath"], error["line"], error["message"])
        for error in parsed(lint, "actionlint")
    ]
    return judged("workflows", findings)


def _zizmor(finding: dict) -> Finding:  # type: ignore[type-arg]
    where = next(
        (place for place in finding["locations"] if place["symbolic"]["kind"] == "Primary"),
        finding["locations"][0],
    )
    path = where["symbolic"]["key"]["Local"]["verbatim_path"]
    line = where["concrete"]["location"]["start_point"]["row"] + 1
    return Finding(finding["ident"], path.removeprefix("./"), line, finding["desc"])
