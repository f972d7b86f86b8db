"""The git adapter: what `origin` says, commits made without a work tree, and tags as events.

Nothing here touches the person's work tree, index or branches.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from delivery.errors import HeldError, InputError, OutsideError

MAIN = "refs/remotes/origin/main"
AUTHOR = "delivery"
EMAIL = "delivery@localhost"
RACED = ("stale info", "already exists", "cannot lock ref", "File exists")  # in what git says
TRIES = 5


class GitError(OutsideError):
    """git said no."""

    @property
    def raced(self) -> bool:
        """Was somebody else writing the same ref at that moment?"""
        return any(sign in str(self) for sign in RACED)


class Repository:
    """A checkout and its `origin`."""

    def __init__(self, root: Path, credentials: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._credentials = credentials or {}

    @classmethod
    def find(cls, start: Path) -> Repository:
        """The checkout that `start` is in."""
        result = subprocess.run(
            ["git", "-C", str(start), "rev-parse", "--show-toplevel"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if result.returncode != 0:
            raise InputError(
                f"{start} is not inside a git repository. `cd` into your checkout, or make one "
                "with `git init && git add -A && git commit`."
            )
        return cls(Path(result.stdout.strip()))

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> str:
        """Run git and return its output, stripped. GitError with what git said."""
        result = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=self._environ() | dict(environ or {}),
        )
        if result.returncode != 0:
            reason = " ".join((result.stderr or result.stdout).split())[-600:]
            raise GitError(f"git {arguments[0]} failed: {reason}")
        return result.stdout.rstrip("\n")

    def _environ(self) -> dict[str, str]:
        return {**os.environ, **self._credentials, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    def origin(self) -> str:
        """The URL of origin; empty where there is none."""
        try:
            return self.run("remote", "get-url", "origin")
        except GitError:
            return ""

    def fetch(self) -> None:
        """Bring main, the event logs and the promotion tags up to date; refuses a shallow clone.

        What is gone on origin goes here too, so that all clones see the same.
        """
        if self.run("rev-parse", "--is-shallow-repository") == "true":
            raise InputError(
                "this is a shallow clone, and delivery reads the whole history of main. "
                "`git fetch --unshallow` and try again."
            )
        if "origin" not in self.run("remote").split():
            raise InputError(
                "this checkout has no remote called origin, and delivery reads origin/main. "
                "`git remote add origin URL && git push -u origin main`."
            )
        try:
            self.fetch_refs(
                "--force", "--no-tags", "--prune", f"+refs/heads/main:{MAIN}",
                "+refs/tags/promo/*:refs/tags/promo/*",
                "+refs/heads/delivery/*:refs/delivery/origin/*",
            )  # fmt: skip
        except GitError as error:
            raise InputError(
                f"origin/main could not be fetched: {error}. `git push -u origin main` if it is "
                "new; otherwise look at `git remote -v`."
            ) from error

    def fetch_refs(self, *arguments: str) -> None:
        """Bring refs, given as options and refspecs of `git fetch`, up to date. Commands that run
        side by side in one checkout write the same refs, so it tries again where they met."""
        options = [argument for argument in arguments if argument.startswith("--")]
        refs = [argument for argument in arguments if not argument.startswith("--")]
        for left in reversed(range(TRIES)):
            try:
                # FETCH_HEAD is one file for all of them.
                self.run("fetch", "--quiet", "--no-write-fetch-head", *options, "origin", *refs)
                return
            except GitError as error:
                if not (left and error.raced):
                    raise

    def remote_ref(self, ref: str) -> str:
        """What a ref is at on origin; empty where it is not there."""
        return self.run("ls-remote", "origin", ref).split("\t")[0]

    def fetch_branch(self, branch: str) -> str | None:
        """The commit that a branch is at on origin, brought here; None where there is no such
        branch."""
        ref = f"refs/heads/{branch}"
        commit = self.remote_ref(ref)
        try:
            if commit:
                self.fetch_refs(ref)
        except GitError:
            if self.remote_ref(ref):
                raise
            return None
        return commit or None

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

    def dirty(self, *paths: str) -> Sequence[str]:
        """Files of the work tree that differ from HEAD, untracked ones included."""
        out = self.run("status", "--porcelain", "--untracked-files=all", "--", *paths)
        return [line[3:] for line in out.splitlines()]

    def commit_files(self, base: str, files: Mapping[str, str | None], message: str) -> str:
        """A commit on top of `base` with `files` (path → text, None removes). Returns its hash.

        Author and date are fixed by `base`, so the same change makes the same commit.
        """
        date = self.run("show", "-s", "--format=%cI", base)
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.run("read-tree", base, environ=index)
            for path, text in files.items():
                if text is None:
                    self.run("update-index", "--force-remove", path, environ=index)
                    continue
                blob = self.run("hash-object", "-w", "--stdin", stdin=text)
                self.run(
                    "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", environ=index
                )
            tree = self.run("write-tree", environ=index)
        return self.commit_tree(tree, (base,), message, date)

    def commit_tree(self, tree: str, parents: Sequence[str], message: str, date: str) -> str:
        """A commit of `tree` by the delivery author."""
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", AUTHOR), ("EMAIL", EMAIL), ("DATE", date))
        }
        parent = [argument for commit in parents for argument in ("-p", commit)]
        return self.run("commit-tree", tree, *parent, "-F", "-", stdin=message, environ=who)

    def push_branch(self, commit: str, branch: str) -> None:
        """Point the branch on origin at `commit`, replacing only what this checkout last saw."""
        ref = f"refs/heads/{branch}"
        seen = self.remote_ref(ref)
        if seen == commit:
            return
        try:
            self.run("push", "--quiet", f"--force-with-lease={ref}:{seen}", "origin",
                     f"{commit}:{ref}")  # fmt: skip
        except GitError:
            if self.remote_ref(ref) != commit:  # somebody else pushed the same
                raise

    def create_tag(self, name: str, commit: str, message: str) -> bool:
        """Create an annotated tag on origin: compare-and-swap. False if somebody was first."""
        ref = f"refs/tags/{name}"
        stamp = self.run("var", "GIT_COMMITTER_IDENT", environ={
            "GIT_COMMITTER_NAME": AUTHOR, "GIT_COMMITTER_EMAIL": EMAIL,
        })  # fmt: skip
        content = f"object {commit}\ntype commit\ntag {name}\ntagger {stamp}\n\n{message}\n"
        tag = self.run("mktag", stdin=content)
        try:
            self.run("push", "--quiet", f"--force-with-lease={ref}:", "origin", f"{tag}:{ref}")
        except GitError:
            self.fetch()
            if self.tag_exists(name):
                return False
            raise
        self.run("update-ref", ref, tag)
        return True

    def tag_exists(self, name: str) -> bool:
        return bool(self.run("tag", "--list", name))

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

    def archive(self, commit: str, paths: Sequence[str], destination: Path) -> None:
        """Lay out `paths` as they are at `commit`."""
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "source.tar"
            self.run("archive", "--format=tar", f"--output={file}", commit, "--", *paths)
            with tarfile.open(file) as archive:
                archive.extractall(destination, filter="data")

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
