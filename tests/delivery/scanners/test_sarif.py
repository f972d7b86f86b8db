"""SARIF as GitHub takes it. Source: SARIF 2.1.0, sections 3.14 (run) and 3.27 (result)."""

from __future__ import annotations

import json

import jsonschema

from delivery.scanners.finding import Finding, Scan
from delivery.scanners.sarif import sarif

TEXT = {"type": "string", "minLength": 1}
PLACE = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "required": ["uri"],
            "properties": {"uri": {"type": "string", "pattern": r"^[\w.~/%!$&'()*+,;=@-]+$"}},
        },
        "region": {
            "required": ["startLine"],
            "properties": {"startLine": {"type": "integer", "minimum": 1}},
        },
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "message", "locations"],
    "properties": {
        "ruleId": TEXT,
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": {"required": ["text"], "properties": {"text": TEXT}},
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {"required": ["physicalLocation"], "properties": {"physicalLocation": PLACE}},
        },
    },
}
RULES = {"type": "array", "uniqueItems": True, "items": {"required": ["id"]}}
DRIVER = {"required": ["name"], "properties": {"name": TEXT, "rules": RULES}}
RUN = {
    "type": "object",
    "required": ["tool", "results"],
    "properties": {
        "tool": {"required": ["driver"], "properties": {"driver": DRIVER}},
        "results": {"type": "array", "items": RESULT},
    },
}
SHAPE = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {"version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}},
}

SCANS = (
    Scan("code", "fail", (
        Finding("B602", "model/with space é#1.py", 7, 'a "quoted"\nmessage'),
        Finding("B602", "\udcff.py", 1, "m"),
        Finding("B101", "c.py", 0, "m"),
    )),
    Scan("secrets", "pass"),
)  # fmt: skip


def test_it_has_the_shape_of_sarif() -> None:
    document = json.loads(sarif(SCANS))
    jsonschema.validate(document, SHAPE)
    code, secrets = document["runs"]
    assert [rule["id"] for rule in code["tool"]["driver"]["rules"]] == ["B101", "B602"]
    (place, _, last) = (result["locations"][0]["physicalLocation"] for result in code["results"])
    assert place["artifactLocation"]["uri"] == "model/with%20space%20%C3%A9%231.py"
    assert place["region"]["startLine"] == 7
    assert last["region"]["startLine"] == 1, "lines begin with 1"
    assert secrets["results"] == []


def test_tools_are_told_apart() -> None:
    names = [run["tool"]["driver"]["name"] for run in json.loads(sarif(SCANS))["runs"]]
    assert len(set(names)) == len(names)


def test_who_could_not_look_says_nothing() -> None:
    """An empty run would close what was found before."""
    blind = (Scan("dependencies", "hold", why="x"), Scan("dependencies", "not checked", why="x"))
    document = json.loads(sarif([*SCANS, *blind]))
    assert len(document["runs"]) == len(SCANS)
