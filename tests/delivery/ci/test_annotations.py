"""What a job shows: one line, one command, whatever is in the text."""

from __future__ import annotations

import re

import pytest

from delivery.ci.annotations import annotation, gate_annotations, scan_annotations
from delivery.gates.verdict import Status, Verdict
from delivery.scanners.finding import Finding, Scan

HOSTILE = [
    "plain",
    "100% of it, 20%0A and %25",
    "a\nb",
    "a\r\nb\rc",
    "why::set-output name=lint::false",
    "\n::set-output name=lint::false",
    "\r::add-mask::x",
    "x\n##[error]y",
    "title, file=other.py: z",
    "a,line=7::second",
]


def read(line: str) -> tuple[str, dict[str, str], str]:
    """What the runner reads from a line. Source: actions/runner, ActionCommand.TryParseV2."""
    assert not re.search(r"[\r\n]", line), "the runner would read another line"
    found = re.fullmatch(r"::([^ :]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)", line)
    assert found is not None
    pairs = [pair.split("=", 1) for pair in (found[2] or "").split(",") if pair]
    return found[1], {key: _plain(value) for key, value in pairs}, _plain(found[3])


def _plain(text: str) -> str:
    for escape, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, sign)
    return text


@pytest.mark.parametrize("text", HOSTILE)
def test_an_annotation_says_its_text_and_no_more(text: str) -> None:
    assert read(annotation(text, text)) == ("error", {"title": text}, text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_gate_has_one_annotation_whatever_it_says(text: str) -> None:
    (line,) = gate_annotations([Verdict("load", "fail", text, text, text)])
    command, properties, said = read(line)
    assert (command, properties) == ("error", {"title": "gate load: fail"})
    assert said == f"{text}\nmeasured: {text}\nrequired: {text}"


@pytest.mark.parametrize(("status", "count"), [("pass", 0), ("fail", 1), ("hold", 1)])
def test_a_gate_that_blocks_is_annotated(status: Status, count: int) -> None:
    assert len(gate_annotations([Verdict("parity", status, "m", "r", "w")])) == count


@pytest.mark.parametrize("text", HOSTILE)
def test_a_finding_is_shown_at_its_line(text: str) -> None:
    scans = [Scan("code", "fail", (Finding(text, text, 7, text),)), Scan("infra", "pass")]
    (line,) = scan_annotations(scans)
    expected = {"file": text, "line": "7", "title": f"code: {text}"}
    assert read(line) == ("error", expected, text)
