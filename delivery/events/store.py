"""The event logs as branches on origin, and what this checkout knows of them.

`refs/delivery/origin/` mirrors them. `refs/delivery/seen/` keeps the newest that was ever seen,
with all that it holds, so that a log which lost entries shows. The machine's workspace names it
too: a job may begin with a new clone, and what it deploys runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from delivery.events.log import Commit
from delivery.files import write_whole
from delivery.git.command import GitError
from delivery.git.refs import ORIGIN_LOGS, SEEN_LOGS, Grammar, LogName
from delivery.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Logs:
    """Every log that is known here: ref → head, and all of their commits. `witness` is a folder of
    the workspace that names what was seen, once there is a workspace."""

    heads: Mapping[str, str]
    commits: Mapping[str, Commit]
    witness: Path | None = None

    def head(self, name: LogName) -> str:
        """The newest entry on origin; empty where there is none."""
        return self.heads.get(name.ref(Grammar.ORIGIN_LOG), "")

    def seen(self, name: LogName) -> str:
        """The newest entry that was ever seen here; empty where none was. What only the witness
        names is not among the commits."""
        kept, named = self.heads.get(name.ref(Grammar.SEEN_LOG), ""), self._named(name)
        return named if named and named not in self.commits else kept

    def keep(self, git: Repository, name: LogName) -> None:
        """Remember the log on origin as the newest that was seen."""
        head = self.head(name)
        if not head:
            return
        if head != self.heads.get(name.ref(Grammar.SEEN_LOG)):
            _set(git, name.ref(Grammar.SEEN_LOG), head)
        if self.witness and self.witness.parent.is_dir() and head != self._named(name):
            write_whole(self.witness / str(name), f"{head}\n")

    def _named(self, name: LogName) -> str:
        file = self.witness / str(name) if self.witness else None
        return file.read_text(encoding="utf-8").strip() if file and file.is_file() else ""


def read_logs(git: Repository, witness: Path | None = None) -> Logs:
    """As they were last fetched."""
    lines = git.run("for-each-ref", "--format=%(objectname) %(refname)", ORIGIN_LOGS, SEEN_LOGS)
    heads = {ref: commit for commit, _, ref in (line.partition(" ") for line in lines.splitlines())}
    return Logs(heads, _commits(git, sorted(set(heads.values()))), witness)


def _commits(git: Repository, heads: list[str]) -> Mapping[str, Commit]:
    if not heads:
        return {}
    text = git.run("log", "--format=%H%x00%P%x00%B%x1e", "--stdin", stdin="\n".join(heads))
    commits = {}
    for item in text.split("\x1e"):
        if item.strip():
            commit, parents, message = item.strip("\n").split("\0")
            commits[commit] = Commit(tuple(parents.split()), message)
    return commits


def append(
    git: Repository, name: LogName, message: str, parents: tuple[str, ...], expected: str
) -> bool:
    """Put an entry on the log on origin, whose head has to be `expected`: compare-and-swap.

    False if somebody was first.
    """
    tree = git.run("mktree", stdin="")
    commit = git.commit_tree(tree, parents, message, datetime.now(UTC).isoformat())
    ref = name.ref(Grammar.LOG)
    try:
        git.run("push", "--quiet", f"--force-with-lease={ref}:{expected}", "origin",
                f"{commit}:{ref}")  # fmt: skip
    except GitError:
        git.fetch()
        if read_logs(git).head(name) == expected:
            raise
        return False
    for grammar in (Grammar.ORIGIN_LOG, Grammar.SEEN_LOG):
        _set(git, name.ref(grammar), commit)
    return True


def _set(git: Repository, ref: str, commit: str) -> None:
    """Point a ref of this checkout at a commit, unless another command does so right now."""
    try:
        git.run("update-ref", ref, commit)
    except GitError as error:
        if not error.raced:
            raise
