"""The bare repository behind a GitHub repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ZERO = "0" * 40
WHO = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "GitHub"), ("EMAIL", "noreply@github.com"))
}
# Python decides before the push begins, except for what only git can see: the new commits.
HOOK = """#!/bin/sh
if [ -n "$HUB_REFUSALS" ]; then printf '%s\\n' "$HUB_REFUSALS" >&2; exit 1; fi
while read -r old new ref; do
  case "$new" in 0000000000*) continue ;; esac
  case " $HUB_FAST_FORWARD " in *" $ref "*)
    if [ "${old#0000000000}" = "$old" ] && ! git merge-base --is-ancestor "$old" "$new"; then
      echo "GH013: Cannot force-push to this branch" >&2; exit 1
    fi ;;
  esac
  [ -n "$HUB_NO_WORKFLOWS" ] || continue
  found=$(git log --format= --name-only "$new" --not --all -- .github/workflows | head -n 1)
  if [ -n "$found" ]; then
    echo "refusing to allow a GitHub App to create or update workflow \\`$found\\`" \\
      "without \\`workflows\\` permission" >&2
    exit 1
  fi
done
"""


class GitFailedError(Exception):
    """What git said."""


class Bare:
    """`slug` is owner/name, `path` the bare repository."""

    def __init__(self, slug: str, path: Path) -> None:
        self.slug = slug
        self.path = path
        hook = path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK, encoding="utf-8")
        hook.chmod(0o755)

    def git(self, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
        result = subprocess.run(
            ["git", "-C", str(self.path), *arguments], capture_output=True, text=True,
            check=False, env={**os.environ, "LC_ALL": "C", **(environ or {})},
        )  # fmt: skip
        if result.returncode != 0:
            raise GitFailedError(result.stderr or result.stdout)
        return result.stdout.rstrip("\n")

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Name → object, below `prefix`."""
        out = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.split(" ") for line in out.splitlines())
        return dict(pairs)

    def commit(self, revision: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except GitFailedError:
            return None

    def branch(self, name: str) -> str | None:
        return self.commit(f"refs/heads/{name}")

    def update(self, ref: str, new: str | None, old: str | None = None) -> None:
        """Compare-and-swap if `old` is given; None for `new` deletes."""
        lease = [] if old is None else [old]
        if new is None:
            self.git("update-ref", "-d", ref, *lease)
        else:
            self.git("update-ref", ref, new, *lease)

    def is_ancestor(self, old: str, new: str) -> bool:
        try:
            self.git("merge-base", "--is-ancestor", old, new)
        except GitFailedError:
            return False
        return True

    def merge(self, base: str, head: str, message: str) -> str | None:
        """A merge commit of two commits, on no branch; None if they conflict."""
        try:
            tree = self.git("merge-tree", "--write-tree", base, head).split()[0]
        except GitFailedError:
            return None
        return self.git(
            "commit-tree", tree, "-p", base, "-p", head, "-m", message, environ=WHO
        )  # fmt: skip

    def copy_from(self, other: Bare, commit: str) -> None:
        """Bring a commit of another repository here."""
        if other is not self:
            self.git("fetch", "--quiet", str(other.path), commit)

    def changed_files(self, base: str, head: str) -> list[dict[str, Any]]:
        """What a pull request changes, as its `files` says it."""
        common = self.git("merge-base", base, head)
        raw = self.git("diff", "--raw", "-z", "-M", "--no-abbrev", common, head).split("\0")
        numbers = self._numbers(common, head)
        files: list[dict[str, Any]] = []
        words = iter(raw)
        for meta in words:
            if not meta:
                continue
            *_, blob, status = meta.split(" ")
            name = next(words)
            file: dict[str, Any] = {"sha": blob, "status": STATUS[status[0]]}
            if status[0] in "RC":
                file["previous_filename"], name = name, next(words)
            added, removed = numbers.get(name, (0, 0))
            files.append(
                {"filename": name, **file, "additions": added, "deletions": removed,
                 "changes": added + removed}
            )  # fmt: skip
        return files

    def _numbers(self, base: str, head: str) -> dict[str, tuple[int, int]]:
        out = self.git("diff", "--numstat", "-z", "--no-renames", base, head)
        rows = (row.split("\t", 2) for row in out.split("\0") if row)
        return {
            name: (0, 0) if added == "-" else (int(added), int(removed))
            for added, removed, name in rows
        }


STATUS = {
    "A": "added",
    "M": "modified",
    "D": "removed",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}
