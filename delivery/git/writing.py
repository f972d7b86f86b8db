"""Commits made without a work tree, an index or a branch of the person's."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from delivery.git.reading import Reading

AUTHOR = "delivery"
EMAIL = "delivery@localhost"


class Writing(Reading):
    """Writes objects."""

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
