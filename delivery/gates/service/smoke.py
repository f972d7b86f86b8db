"""What runs must be what was released: its name, and the hash of every file it loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.gates.verdict import Verdict

GATE = "smoke"


@dataclass(frozen=True)
class Evidence:
    """`release` and `files` (path → SHA-256) as released; `answer` is what /release said."""

    release: str
    files: Mapping[str, str]
    answer: Mapping[str, Any] | None
    missing: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Pass if the instance names the release and the hashes of its files."""
    required = f"/release names {evidence.release} and the hashes of its files"
    if evidence.answer is None:
        why = evidence.missing or "/release gave no answer"
        return Verdict(GATE, "hold", "no answer", required, why)
    release, files = evidence.answer.get("release"), evidence.answer.get("files")
    if not isinstance(release, str) or not isinstance(files, Mapping) or not evidence.files:
        why = "the answer of /release lacks the release or the files"
        return Verdict(GATE, "hold", "incomplete answer", required, why)
    details = {"release": release, "files": dict(files)}
    measured = f"{release}, {len(files)} files"
    problems = _differences(evidence.files, files)
    if release != evidence.release:
        problems.insert(0, f"it is release {release}")
    if problems:
        return Verdict(GATE, "fail", measured, required, "; ".join(problems), details)
    why = f"it runs {release}; {len(files)} files have the released hashes"
    return Verdict(GATE, "pass", measured, required, why, details)


def _differences(expected: Mapping[str, str], served: Mapping[str, Any]) -> list[str]:
    problems = []
    for path in sorted(expected.keys() | served.keys()):
        if path not in served:
            problems.append(f"{path} is not loaded")
        elif path not in expected:
            problems.append(f"{path} was not released")
        elif expected[path] != served[path]:
            problems.append(
                f"{path} has hash {str(served[path])[:12]}…, not {expected[path][:12]}…"
            )
    return problems
