"""The scanner looks at the commit of a candidate, and not at the work tree."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.supply_chain.code import gather
from tests.delivery.evidence.submitted import SOURCE, Desk, candidate
from tests.origin import Origin

SHELL = "import subprocess\n\n\ndef f(x):\n    subprocess.run(x, shell=True)\n"


def test_dangerous_code_of_the_commit_is_found(origin: Origin, tmp_path: Path) -> None:
    commit = origin.push(SOURCE | {"model/fit.py": SHELL})
    origin.push({"model/fit.py": "a = 1\n"})
    findings = gather(Desk(origin, tmp_path).trial(candidate(tmp_path, commit)))
    assert findings.found is not None
    (line,) = findings.found
    assert line.startswith("model/fit.py:5 ")
    assert line.endswith("[B602]")


def test_sound_code_of_the_commit_passes_whatever_the_work_tree_has(
    origin: Origin, tmp_path: Path
) -> None:
    commit = origin.push(SOURCE | {"model/fit.py": "a = 1\n"})
    (origin.path / "model" / "fit.py").write_text(SHELL)
    assert gather(Desk(origin, tmp_path).trial(candidate(tmp_path, commit))).found == []
