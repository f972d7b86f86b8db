"""Workflows that could be abused or do not hold together: zizmor and actionlint, both offline."""

from __future__ import annotations

from pathlib import Path

from delivery.scanners.finding import Finding, Scan, judged, parsed, run

ACTIONLINT = "{{range $e := .}}{{$e.Kind}}\t{{$e.Filepath}}\t{{$e.Line}}\t{{$e.Message}}\n{{end}}"


def scan(root: Path) -> Scan:
    done = run(
        root, "zizmor", "--offline", "--pedantic", "--format", "json", "--no-exit-codes", "."
    )
    found = [_zizmor(finding) for finding in parsed(done, "zizmor")]
    lint = run(root, "actionlint", "-format", ACTIONLINT, "-shellcheck=", "-pyflakes=")
    for line in lint.stdout.splitlines():
        kind, path, number, message = line.split("\t", 3)
        found.append(Finding(kind, path, int(number), message))
    return judged("workflows", found)


def _zizmor(finding: dict) -> Finding:  # type: ignore[type-arg]
    where = next(
        (place for place in finding["locations"] if place["symbolic"]["kind"] == "Primary"),
        finding["locations"][0],
    )
    path = where["symbolic"]["key"]["Local"]["verbatim_path"]
    line = where["concrete"]["location"]["start_point"]["row"] + 1
    return Finding(finding["ident"], path.removeprefix("./"), line, finding["desc"])
