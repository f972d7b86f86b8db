"""Pull requests in a bare git repository: `refs/pulls/<n>` on origin, each a JSON blob.

No server: what a pull request is lives beside the branches it is about, every change of it is
compare-and-swap, and a merge moves main, closes the pull request and removes its branch in one
atomic push.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime

from delivery.errors import ForgeError
from delivery.forge.protocol import Approval, Pull, Wanted, moved
from delivery.git.command import GitError
from delivery.git.reading import MAIN
from delivery.git.refs import PULLS, SEEN_PULLS
from delivery.git.repository import Repository

TRIES = 5


class LocalForge:
    """The forge of a checkout whose `origin` is a repository without one."""

    merges_itself = True

    def __init__(self, repository: Repository) -> None:
        self._git = repository

    def pull(self, number: int) -> Pull:
        return self._get(number)[0]

    def pulls(self, *, head: str | None = None, state: Wanted = "all") -> tuple[Pull, ...]:
        return tuple(
            pull
            for pull, _ in self._all()
            if (head is None or pull.head == head) and (state == "all" or pull.state == state)
        )

    def _all(self) -> tuple[tuple[Pull, str], ...]:
        """Each with the blob that it was read from: the refs move when others fetch here too."""
        self._git.fetch_refs("--prune", f"+{PULLS}/*:{SEEN_PULLS}/*")
        blobs = self._git.run("for-each-ref", "--format=%(objectname)", SEEN_PULLS).split()
        pulls = ((self._parse(self._git.run("cat-file", "blob", blob)), blob) for blob in blobs)
        return tuple(sorted(pulls, key=lambda pair: pair[0].number))

    def open(self, head: str, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        for _ in range(TRIES):
            pulls = self.pulls()
            for pull in pulls:
                if pull.head == head and pull.state == "open":
                    return self._label(pull.number, labels)
            number = max((pull.number for pull in pulls), default=0) + 1
            pull = Pull(number, title, body, head, labels=labels)
            if self._swap(pull, old=""):
                return pull
        raise ForgeError(f"a pull request for {head} could not be opened; run the command again")

    def _label(self, number: int, labels: tuple[str, ...]) -> Pull:
        return self._change(
            number,
            lambda pull: replace(pull, labels=tuple(dict.fromkeys((*pull.labels, *labels)))),
        )

    def check(self, head: str, commit: str) -> None:
        """Nothing runs by itself here."""

    def comment(self, number: int, text: str) -> None:
        self._change(number, lambda pull: replace(pull, comment=text))

    def close(self, number: int, reason: str) -> Pull:
        return self._change(
            number,
            lambda pull: (
                replace(pull, state="closed", reason=reason) if pull.state == "open" else pull
            ),
        )

    def merge(self, number: int, *, commit: str | None = None) -> Pull:
        for _ in range(TRIES):
            pull, old = self._get(number)
            if pull.state == "merged":
                return pull
            if pull.state == "closed":
                raise ForgeError(f"pull request #{number} is closed ({pull.reason or 'by hand'})")
            merged = self._merge(pull, old, commit)
            if merged is not None:
                return merged
        raise ForgeError(f"main kept moving while #{number} was merged; run the command again")

    def approval(self, commit: str) -> Approval | None:  # noqa: ARG002 - the protocol has it
        """There are no reviews."""
        return None

    def _merge(self, pull: Pull, old: str, only: str | None) -> Pull | None:
        """Merge once; None if main or the pull request moved meanwhile."""
        git, branch = self._git, f"refs/heads/{pull.head}"
        git.fetch()
        head, main = git.fetch_branch(pull.head), git.main()
        if head is None:
            if self._get(pull.number)[1] != old:
                return None  # a merge removes the branch
            raise ForgeError(f"#{pull.number}: its branch {pull.head} is gone")
        if only not in (None, head):
            raise ForgeError(moved(pull.number, pull.head))
        tree = git.merged_tree(main, head)
        if tree is None:
            raise ForgeError(
                f"#{pull.number} does not merge cleanly into main. `git switch {pull.head} && "
                "git merge origin/main`, resolve, push, and merge again."
            )
        date = datetime.now(UTC).isoformat(timespec="seconds")
        message = f"Merge pull request #{pull.number} from {pull.head}\n\n{pull.title}\n"
        commit = git.commit_tree(tree, (main, head), message, date)
        merged = replace(pull, state="merged", merge_commit=commit, head_commit=head)
        blob = self._blob(merged)
        number = f"{PULLS}/{pull.number}"
        try:
            git.run(
                "push", "--quiet", "--atomic",
                f"--force-with-lease=refs/heads/main:{main}",
                f"--force-with-lease={number}:{old}",
                f"--force-with-lease={branch}:{head}",
                "origin", f"{commit}:refs/heads/main", f"{blob}:{number}", f":{branch}",
            )  # fmt: skip
        except GitError:
            return None
        git.run("update-ref", MAIN, commit)
        return merged

    def _change(self, number: int, change: Callable[[Pull], Pull]) -> Pull:
        for _ in range(TRIES):
            pull, old = self._get(number)
            changed = change(pull)
            if changed == pull or self._swap(changed, old=old):
                return changed
        raise ForgeError(f"#{number} kept changing; run the command again")

    def _get(self, number: int) -> tuple[Pull, str]:
        for pull, blob in self._all():
            if pull.number == number:
                return pull, blob
        raise ForgeError(f"there is no pull request #{number}; `delivery pr list` shows them")

    def _swap(self, pull: Pull, *, old: str) -> bool:
        """Write the pull request if it is still `old` on origin."""
        ref = f"{PULLS}/{pull.number}"
        try:
            self._git.run(
                "push", "--quiet", f"--force-with-lease={ref}:{old}", "origin",
                f"{self._blob(pull)}:{ref}",
            )  # fmt: skip
        except GitError as error:
            if error.raced:
                return False
            raise ForgeError(f"#{pull.number} could not be written: {error}") from error
        return True

    def _blob(self, pull: Pull) -> str:
        text = json.dumps(asdict(pull), sort_keys=True, ensure_ascii=False, indent=1)
        return self._git.run("hash-object", "-w", "--stdin", stdin=text)

    @staticmethod
    def _parse(text: str) -> Pull:
        content = json.loads(text)
        content["labels"] = tuple(content["labels"])
        return Pull(**content)
