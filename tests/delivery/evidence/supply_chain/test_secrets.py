"""Secrets are looked for in the commit of a candidate."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.supply_chain.secrets import gather
from tests.delivery.evidence.submitted import SOURCE, Desk, candidate
from tests.origin import Origin

KEY = "AKIA" + "QYLPMN5HHHFPZAM2"  # in two parts, or this file would be found itself


def test_a_secret_of_the_commit_is_found_and_not_repeated(origin: Origin, tmp_path: Path) -> None:
    commit = origin.push(SOURCE | {"model/fit.py": f'\nkey = "{KEY}"\n'})
    origin.push({"model/fit.py": "a = 1\n"})
    findings = gather(Desk(origin, tmp_path).trial(candidate(tmp_path, commit)))
    assert findings.found
    assert {line.split(" ")[0] for line in findings.found} == {"model/fit.py:2"}
    assert KEY not in str(findings)


def test_what_does_not_go_into_a_bento_is_not_looked_at(origin: Origin, tmp_path: Path) -> None:
    commit = origin.push(SOURCE | {"model/fit.py": "a = 1\n", "docs/x.md": f'key = "{KEY}"\n'})
    assert gather(Desk(origin, tmp_path).trial(candidate(tmp_path, commit))).found == []
