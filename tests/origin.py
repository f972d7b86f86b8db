"""Real git for tests: a bare origin and a checkout, without model or pipeline."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp

from delivery.events.beliefs import Reader
from delivery.events.event import Event
from delivery.git.refs import LogName
from delivery.git.repository import Repository
from delivery.state.desired import Desired, ReleaseRef, desired_path, evidence_path, render_desired
from delivery.state.event_writer import EventWriter
from delivery.state.record import (
    Platform,
    Record,
    Source,
    record_path,
    record_sha256,
    render_record,
)
from delivery.state.snapshot import Snapshot
from delivery.trust.keys import Role, own_public_key
from tests.checkout import POLICY

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ("staging", "production")


@dataclass(frozen=True)
class Origin:
    """A checkout at `path` whose origin is `bare`. Events are written with the key that `environ`
    brings, and read with that of these tests."""

    path: Path
    bare: Path
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    image: str = "none"  # what all releases run from
    images: Mapping[str, str] = field(default_factory=dict)  # what single ones run from instead

    @cached_property
    def repository(self) -> Repository:
        return Repository(self.path)

    def git(self, *arguments: str) -> str:
        return self.repository.run(*arguments)

    def push(self, files: dict[str, str], message: str = "Change", branch: str = "main") -> str:
        """Commit `files` on top of main and push them to `branch`."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def snapshot(self, *, fetch: bool = True) -> Snapshot:
        """What origin/main says, believing events of these tests."""
        return Snapshot(
            self.repository, Reader(own_public_key(os.environ, Role.EVENTS)), fetch=fetch
        )

    def want(self, environment: str, wanted: str, previous: str = "", of: str = "none") -> str:
        """Put a wanted release on main, as a merged promotion would. Returns the attempt."""
        now, before = (
            replace(version(each), image=self.images.get(each, self.image))
            if each
            else version(each)
            for each in (wanted, previous)
        )
        desired = render_desired(Desired(now, before, of))
        evidence = "{}\n"
        if wanted:
            text = render_record(record(wanted))
            evidence = self.evidence(environment, version(wanted), text)
        files = {desired_path(environment): desired, evidence_path(environment): evidence}
        if wanted:
            files[record_path(wanted)] = render_record(record(wanted))
            self.propose(environment, desired, evidence)
        return self.push(files, f"Want {wanted}")

    def evidence(self, environment: str, wanted: ReleaseRef, record: str, **facts: object) -> str:
        """The evidence that delivery proposes a release with now, record as text."""
        return evidence_about(wanted, record, replaces=self.attempt(environment), **facts)

    def attempt(self, environment: str) -> str:
        """The newest one on main."""
        self.repository.fetch()
        return self.repository.last_change(desired_path(environment))

    def propose(self, environment: str, desired: str, evidence: str) -> None:
        """Make the tag that delivery makes when it proposes these files."""
        self.events.propose(environment, self.git("rev-parse", "HEAD"), desired, evidence)

    def promote(self, environment: str, wanted: str, previous: str = "") -> str:
        """`want`, after the release was verified in every environment before this one."""
        for upstream in ENVIRONMENTS[: ENVIRONMENTS.index(environment)]:
            attempt = self.want(upstream, wanted)
            self.happened(upstream, attempt, "verified", wanted)
        return self.want(environment, wanted, previous)

    def happened(
        self, environment: str, attempt: str, kind: str, release: str,
        evidence: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """Record an event on origin."""
        event = Event(environment, attempt, kind, release, "local", evidence or {})
        snapshot = self.snapshot()
        writer = replace(self.events, look=lambda fetch: self.snapshot() if fetch else snapshot)
        assert writer.write(event, snapshot.ledger.kinds(LogName(environment), attempt))

    @property
    def events(self) -> EventWriter:
        actor = {"name": "tester"}
        return EventWriter(
            self.repository, self.environ, actor, lambda fetch: self.snapshot(fetch=fetch)
        )


def tag_message(event: Event) -> str:
    """What the tag of an event said, before there were logs."""
    content = {"release": event.release, "target": event.target, "evidence": event.evidence}
    return json.dumps(content)


def version(release: str) -> ReleaseRef:
    """A version whose bento hash fits its id; none for an empty id."""
    if not release:
        return ReleaseRef()
    return ReleaseRef(release, release.removeprefix("r-").ljust(64, "0"))


def evidence_about(wanted: ReleaseRef, record: str, **facts: object) -> str:
    """The evidence that delivery proposes a release with, record as text."""
    about = {
        "release": wanted.release,
        "judged": {"candidate_sha256": wanted.bento_sha256},
        "record_sha256": record_sha256(record),
    }
    return json.dumps({**about, **facts}) + "\n"


def record(release: str) -> Record:
    """A record whose bento hash fits its id."""
    nothing = "0" * 64
    return Record(
        id=release,
        name="made-up",
        task="binary",
        bento_sha256=version(release).bento_sha256,
        model={"model.onnx": nothing},
        made_from=Source(commit="0" * 40, data=nothing, recipe=nothing),
        platform=Platform(os="linux", arch="x", libc="x", python="3", lock_sha256=nothing),
        trained_until=None,
        executes_code=False,
    )


def make_origin(folder: Path, image: str = "none") -> Origin:
    """A bare origin and a checkout with both environments at `none`. Releases run from `image`."""
    return replace(copy_origin(_template(), folder), image=image)


def copy_origin(template: Path, folder: Path) -> Origin:
    """What lies in the folder of another origin, in `folder`: calls of git take longer."""
    made = Origin(folder / "checkout", folder / "origin.git")
    for part in (made.path, made.bare):
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(template / part.name, part, symlinks=True)
    made.git("remote", "set-url", "origin", str(made.bare))
    return made


def scratch(prefix: str) -> Path:
    """A folder until the end of the process."""
    folder = Path(mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _template() -> Path:
    """What every origin starts as, made once."""
    folder = scratch("origin-")
    bare, path = folder / "origin.git", folder / "checkout"
    for command in (
        ["git", "init", "--quiet", "--bare", "-b", "main", str(bare)],
        ["git", "init", "--quiet", "-b", "main", str(path)],
        ["git", "-C", str(path), "remote", "add", "origin", str(bare)],
    ):
        subprocess.run(command, check=True)
    shutil.rmtree(path / ".git/hooks")
    shutil.rmtree(bare / "hooks")
    shutil.copy(POLICY, path / "delivery.yaml")
    empty = render_desired(Desired())
    Origin(path, bare).push({desired_path(name): empty for name in ENVIRONMENTS}, "Start")
    return folder
