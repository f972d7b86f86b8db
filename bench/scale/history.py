"""A checkout whose origin has a long history: releases, promotions and signed events of several
environments, written by `git fast-import` in seconds.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from delivery.events.entry import Entry, Proposed
from delivery.events.event import Event
from delivery.git.refs import LogName, proposal_sha256, proposal_tag
from delivery.state.desired import Desired, ReleaseRef, desired_path, evidence_path, render_desired
from delivery.state.record import record_path, render_record
from delivery.trust.keys import Role, own_key
from tests.origin import evidence_about, version
from tests.origin import record as made_up

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
WHO = "Bench <bench@example.com>"
KINDS = ("deployed", "step-1", "step-2", "step-3", "verified")  # of each attempt
POLICY = """\
environments:
{environments}
gates:
  champion: {{ margin: 0.02 }}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much has happened. Each release was verified in each environment, so there are
    `releases` × `environments` attempts, and `len(KINDS)` events for each."""

    releases: int
    environments: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"env-{number}" for number in range(self.environments))

    @property
    def events(self) -> int:
        return self.releases * self.environments * len(KINDS)


def write(size: Size, folder: Path) -> Path:
    """Origin and checkout below `folder`, whose events this machine's key by XDG_DATA_HOME signs.
    Returns the checkout."""
    bare, checkout = folder / "origin.git", folder / "checkout"
    _git(folder, "init", "--quiet", "--bare", "-b", "main", str(bare))
    pem = own_key(os.environ, Role.EVENTS, make=True)
    assert pem is not None, "it was made"
    marks = folder / "marks"
    _import(bare, b"".join(_main(size, pem)), f"--export-marks={marks}")
    commits = dict(line.split() for line in marks.read_text().splitlines())
    _import(bare, b"".join(_logs(size, pem, commits)))
    _git(folder, "clone", "--quiet", str(bare), str(checkout))
    return checkout


def _main(size: Size, pem: str) -> Iterator[bytes]:
    """A commit for each attempt, marked by its number from 2, and the tag of its proposal."""
    lines = [
        f"  {name}: {{ target: {{ kind: local, port: {7101 + number} }} }}"
        for number, name in enumerate(size.names)
    ]
    files = {"delivery.yaml": POLICY.format(environments="\n".join(lines))}
    files |= {desired_path(name): render_desired(Desired()) for name in size.names}
    yield _commit("refs/heads/main", BEGAN, "Start", files, mark=1)
    for number, release in enumerate(_releases(size)):
        record = render_record(made_up(release))
        before = version(_release(number - 1)) if number else ReleaseRef()
        for place, name in enumerate(size.names):
            attempt = number * size.environments + place
            desired = render_desired(Desired(version(release), before))
            evidence = evidence_about(version(release), record)
            files = {desired_path(name): desired, evidence_path(name): evidence}
            mark = attempt + 2
            yield _commit(
                "refs/heads/main", _moment(attempt), f"Promote {release} to {name}",
                files | {record_path(release): record}, mark,
            )  # fmt: skip
            proposed = Proposed(name, proposal_sha256(desired, evidence))
            entry = Entry(proposed, "0" * 40, (), _moment(attempt).isoformat(), {"name": "bench"})
            tag, message = proposal_tag(name, desired, evidence), entry.message(pem).encode()
            yield f"tag {tag}\nfrom :{mark}\ntagger {WHO} {_stamp(_moment(attempt))}\n".encode()
            yield _data(message)


def _logs(size: Size, pem: str, commits: dict[str, str]) -> Iterator[bytes]:
    """The event log of each environment, a chain of signed entries."""
    for place, name in enumerate(size.names):
        ref, parent = f"refs/heads/{LogName(name)}", ""
        for number, release in enumerate(_releases(size)):
            attempt = number * size.environments + place
            main = commits[f":{attempt + 2}"]
            for step, kind in enumerate(KINDS, start=1):
                moment = _moment(attempt) + timedelta(minutes=step)
                parents = (parent,) if parent else ()
                event = Event(name, main, kind, release, "local")
                entry = Entry(event, main, parents, moment.isoformat(), {"name": "bench"})
                message = entry.message(pem)
                yield _commit(ref, moment, message, {})
                parent = _sha1(message, parents, moment)


def _commit(ref: str, at: datetime, message: str, files: dict[str, str], mark: int = 0) -> bytes:
    head = f"commit {ref}\n" + (f"mark :{mark}\n" if mark else "")
    head += f"author {WHO} {_stamp(at)}\ncommitter {WHO} {_stamp(at)}\n"
    body = b"".join(
        f"M 100644 inline {path}\n".encode() + _data(text.encode()) for path, text in files.items()
    )
    return head.encode() + _data(message.encode()) + body


def _sha1(message: str, parents: tuple[str, ...], at: datetime) -> str:
    """What git names a commit without files: the entry after it has to say it."""
    empty = hashlib.sha1(b"tree 0\0").hexdigest()
    lines = [f"tree {empty}", *(f"parent {parent}" for parent in parents)]
    lines += [f"{role} {WHO} {_stamp(at)}" for role in ("author", "committer")]
    content = ("\n".join(lines) + "\n\n" + message).encode()
    return hashlib.sha1(b"commit %d\0" % len(content) + content).hexdigest()


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"


def _moment(attempt: int) -> datetime:
    return BEGAN + timedelta(hours=attempt + 1)


def _stamp(at: datetime) -> str:
    return f"{int(at.timestamp())} +0000"


def _releases(size: Size) -> Iterator[str]:
    return (_release(number) for number in range(size.releases))


def _release(number: int) -> str:
    return f"r-{number:012x}"


def _import(bare: Path, stream: bytes, *options: str) -> None:
    command = ["git", "-C", str(bare), "fast-import", "--quiet", *options]
    subprocess.run(command, input=stream, check=True)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)
