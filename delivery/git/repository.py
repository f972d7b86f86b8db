"""A checkout and its `origin`: what is fetched from there, and what is pushed."""

from __future__ import annotations

import subprocess
from functools import cached_property
from pathlib import Path

from delivery.errors import InputError
from delivery.git.command import GitError
from delivery.git.reading import MAIN
from delivery.git.writing import AUTHOR, EMAIL, Writing

TRIES = 5  # where commands of one checkout write the same refs


class UnreachableError(InputError):
    """origin/main could not be fetched."""


class Repository(Writing):
    """A checkout and its `origin`."""

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

    def fetch(self) -> None:
        """Bring main, the event logs and the promotion tags up to date; refuses a shallow clone.

        What is gone on origin goes here too, so that all clones see the same.
        """
        if self._is_shallow:
            raise InputError(
                "this is a shallow clone, and delivery reads the whole history of main. "
                "`git fetch --unshallow` and try again."
            )
        if not self._has_origin:
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
            raise UnreachableError(
                f"origin/main could not be fetched: {error}. `git push -u origin main` if it is "
                "new; otherwise look at `git remote -v`."
            ) from error

    @cached_property
    def _is_shallow(self) -> bool:
        return self.run("rev-parse", "--is-shallow-repository") == "true"

    @cached_property
    def _has_origin(self) -> bool:
        """Without it git would take a folder of that name for a remote."""
        return "origin" in self.run("remote").split()

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

    def merged_tree(self, commit: str, other: str) -> str | None:
        """The tree of a merge of two commits that are here; None where they conflict."""
        try:
            return self.run("merge-tree", "--write-tree", commit, other).split()[0]
        except GitError as error:
            if "CONFLICT" not in str(error):
                raise
            return None

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

    def push_tag(self, commit: str, name: str) -> None:
        """Have a tag of that name on origin; one that is there stays where it is."""
        ref = f"refs/tags/{name}"
        try:
            if not self.remote_ref(ref):
                self.run("push", "--quiet", "origin", f"{commit}:{ref}")
        except GitError:
            if not self.remote_ref(ref):  # else somebody else pushed the same
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
