"""What a checkout has: commits, files at commits, tags, and what differs in the work tree."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from delivery.errors import HeldError, InputError
from delivery.git.command import Git, GitError

MAIN = "refs/remotes/origin/main"


class Reading(Git):
    """Reads, and writes nothing into the checkout."""

    def origin(self) -> str:
        """The URL of origin; empty where there is none."""
        try:
            return self.run("remote", "get-url", "origin")
        except GitError:
            return ""

    def commit(self, revision: str) -> str:
        """The full hash of a commit; InputError if there is none."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except GitError as error:
            raise InputError(f"{revision}: no such commit here") from error

    def main(self) -> str:
        """The commit of origin/main."""
        return self.commit(MAIN)

    def has_ancestor(self, commit: str, ancestor: str) -> bool:
        """Does `ancestor` lead to `commit`? Not where it is not here at all."""
        if commit == ancestor:
            return True
        try:
            self.run("merge-base", "--is-ancestor", ancestor, commit)
        except GitError:
            return False
        return True

    def read(self, revision: str, path: str) -> str | None:
        """The text of a file at a commit, ending in one newline; None where it is not there."""
        return self.read_all([f"{revision}:{path}"])[0]

    def read_all(self, names: Sequence[str]) -> Sequence[str | None]:
        """`read` for many `<revision>:<path>`, by one process."""
        return [None if blob is None else _text(blob) for blob in self._blobs(names)]

    def blob(self, revision: str, path: str) -> bytes | None:
        """The very bytes of a file at a commit; None where it is not there."""
        return self._blobs([f"{revision}:{path}"])[0]

    def _blobs(self, names: Sequence[str]) -> Sequence[bytes | None]:
        command = ["git", "-C", str(self.root), "cat-file", "--batch"]
        lines = "".join(f"{name}\n" for name in names).encode()
        result = subprocess.run(
            command, input=lines, capture_output=True, check=False, env=self._environ()
        )
        if result.returncode != 0:
            raise GitError(f"git cat-file failed: {result.stderr.decode(errors='replace')[-600:]}")
        output = io.BytesIO(result.stdout)
        return [_next_blob(output) for _ in names]

    def object_id(self, revision: str, path: str) -> str | None:
        """The hash of a file or folder at a commit; None where it is not there."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", f"{revision}:{path}")
        except GitError:
            return None

    def names(self, revision: str, folder: str) -> Sequence[str]:
        """The names in a folder at a commit."""
        out = self.run("ls-tree", "--name-only", revision, f"{folder}/")
        return [Path(line).name for line in out.splitlines()]

    def last_change(self, path: str) -> str:
        """The first-parent commit of main that last changed `path`: the attempt."""
        commit = self.run("log", "-1", "--first-parent", "--format=%H", MAIN, "--", path)
        if not commit:
            raise InputError(
                f"origin/main has no {path}. Restore it from the template: it says what the "
                "environment runs, `none` to begin with."
            )
        return commit

    def changes(self, path: str, revision: str = MAIN) -> Sequence[tuple[str, str]]:
        """All first-parent commits that changed `path`, newest first, and when they were made."""
        out = self.run("log", "--first-parent", "--format=%H %cI", revision, "--", path)
        pairs = (line.partition(" ") for line in out.splitlines())
        return [(commit, moment) for commit, _, moment in pairs]

    def tags(self, prefix: str) -> Mapping[str, str]:
        """Tag name → message, for the tags below `prefix`."""
        separator = "\x1e"
        out = self.run(
            "for-each-ref", "--format=%(refname:strip=2)%00%(contents)%1e",
            f"refs/tags/{prefix}",
        )  # fmt: skip
        messages = {}
        for item in out.split(separator):
            if item.strip():
                name, _, message = item.strip("\n").partition("\0")
                messages[name] = message
        return messages

    def tag_exists(self, name: str) -> bool:
        return bool(self.run("tag", "--list", name))

    def archive(self, commit: str, paths: Sequence[str], destination: Path) -> None:
        """Lay out `paths` as they are at `commit`."""
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "source.tar"
            self.run("archive", "--format=tar", f"--output={file}", commit, "--", *paths)
            with tarfile.open(file) as archive:
                archive.extractall(destination, filter="data")

    def dirty(self, *paths: str) -> Sequence[str]:
        """Files of the work tree that differ from HEAD, untracked ones included."""
        out = self.run("status", "--porcelain", "--untracked-files=all", "--", *paths)
        return [line[3:] for line in out.splitlines()]

    def require_clean(self) -> None:
        """InputError if the work tree has changes that a command would overlook."""
        dirty = self.dirty()
        if dirty:
            shown = ", ".join(dirty[:5]) + (f" and {len(dirty) - 5} more" if dirty[5:] else "")
            raise InputError(
                f"the work tree has changes that are not committed: {shown}. A gate judges "
                "commits: `git add -A && git commit`, or `git stash`."
            )

    def require_branch(self) -> str:
        """The branch that is checked out; HeldError on main or a detached HEAD."""
        branch = self.run("rev-parse", "--abbrev-ref", "HEAD")
        if branch in ("HEAD", "main"):
            raise HeldError(
                f"HEAD is {'detached' if branch == 'HEAD' else 'main'}; a pull request comes from "
                "a branch of its own: `git switch -c my-change`."
            )
        return branch


def _next_blob(output: IO[bytes]) -> bytes | None:
    """The next answer of `git cat-file --batch`: `<hash> <type> <size>`, or `<name> missing`."""
    header = output.readline().split()
    if header[-1] in (b"missing", b"ambiguous"):
        return None
    content = output.read(int(header[-1]))
    output.read(1)  # the newline after it
    return content if header[-2] == b"blob" else None


def _text(content: bytes) -> str:
    """As `run` gives it: line ends of one kind, and one at the end. What is no UTF-8 is marked,
    so that its reader can refuse it: an old commit stays for ever."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.rstrip("\n") + "\n"
