"""What a scanner says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from delivery.bento.digest import file_sha256
from delivery.errors import InputError

# `hold`: it could not look, in a job, which blocks; `not checked`: the same on a person's machine.
Status = Literal["pass", "fail", "hold", "not checked"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness: which rule, where, and what to do about it."""

    rule: str
    path: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scanner found; `why` says what it could not do."""

    scanner: str
    status: Status
    findings: tuple[Finding, ...] = ()
    why: str = ""


def judged(scanner: str, findings: Sequence[Finding]) -> Scan:
    """Any finding fails."""
    return Scan(scanner, "fail" if findings else "pass", tuple(findings))


def run(root: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of the environment in `root`; InputError if it is not there."""
    command = Path(sys.executable).with_name(tool)
    if not command.is_file():
        raise InputError(f"{tool} is not in the environment. `make setup` installs it")
    return subprocess.run(
        [str(command), *arguments], cwd=root, capture_output=True, text=True, check=False
    )


def parsed(done: subprocess.CompletedProcess[str], tool: str) -> Any:
    """The JSON that a tool printed; InputError with what it said instead."""
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        output = " ".join((done.stderr or done.stdout).split())[-300:]
        raise InputError(f"{tool} failed: {output}") from error


def asked_of(tool: str, root: Path, names: Iterable[str], *options: str) -> dict[str, Any]:
    """All that the answer of a tool about files depends on."""
    return {
        "tool": tool,
        "version": version(tool),
        "options": options,
        "files": [[name, file_sha256(root / name)] for name in sorted(names)],
    }


def by_path(
    tool: str, names: Iterable[str], findings: Iterable[list[Any]]
) -> dict[str, list[list[Any]]]:
    """What a tool found in files, by their names; the second entry of a finding is its path.

    Raises:
        InputError: it speaks of a file that it was not asked about.
    """
    each: dict[str, list[list[Any]]] = {name: [] for name in names}
    for entry in findings:
        if entry[1] not in each:
            raise InputError(f"{tool} was not asked about {entry[1]!r} and finds {entry[0]} there")
        each[entry[1]].append(entry)
    return each
