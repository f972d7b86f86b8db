"""Pull requests on GitHub, by REST.

Every step looks for what an earlier, interrupted run made, and goes on from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx

from delivery.errors import ForgeError
from delivery.forge.comments import CLOSED, REPORT, StickyComments
from delivery.forge.labels import Labels
from delivery.forge.protocol import Approval, Pull, Wanted, moved
from delivery.forge.reviews import Reviews
from delivery.forge.runs import Runs
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError

Raw = Mapping[str, Any]  # a pull request as GitHub gives it
TRIES = 5
GONE = (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY)
BUSY = "Base branch was modified"


class GithubForge:
    """The forge of `slug`, which is owner/name.

    `rest` says where a report that is too long for a comment can be read whole. `starts_checks`:
    nothing starts the checks of what it opens and pushes, so it does that itself.
    """

    def __init__(
        self,
        api: GithubApi,
        slug: str,
        *,
        merges_itself: bool,
        starts_checks: bool = False,
        rest: str = "`delivery gate` prints it.",
    ) -> None:
        self.merges_itself = merges_itself
        self._starts_checks = starts_checks
        self._runs = Runs(api, slug)
        self._labels = Labels(api, slug)
        self._reviews = Reviews(api, slug)
        self._api = api
        self._slug = slug
        self._root = f"/repos/{slug}"
        self._comments = StickyComments(api, slug, rest=rest)

    def pull(self, number: int) -> Pull:
        pull = self._pull(self._get(number))
        return replace(pull, comment=self._comments.read(number, REPORT))

    def pulls(self, *, head: str | None = None, state: Wanted = "all") -> tuple[Pull, ...]:
        return tuple(self._pull(raw) for raw in self._list(head, state))

    def open(self, head: str, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        def adopt() -> Raw | None:
            return next(self._list(head, "open"), None)

        content = {"title": title, "body": body, "head": head, "base": "main"}
        raw = adopt() or self._api.post(f"{self._root}/pulls", content, adopt=adopt)
        pull = self._pull(raw)
        pull = replace(pull, labels=self._labels.add(pull.number, pull.labels, labels))
        with contextlib.suppress(GithubError):  # then its check waits for a click
            self.check(head, raw["head"]["sha"])
        return pull

    def check(self, head: str, commit: str) -> None:
        if self._starts_checks:
            self._runs.check(head, commit)

    def comment(self, number: int, text: str) -> None:
        self._comments.write(number, REPORT, text)

    def close(self, number: int, reason: str) -> Pull:
        pull = self._pull(self._get(number))
        if pull.state != "open":
            return pull
        if reason:
            self._comments.write(number, CLOSED, f"Closed: {reason}")
        closed = self._api.patch(f"{self._root}/pulls/{number}", {"state": "closed"})
        return replace(self._pull(closed), reason=reason)

    def approval(self, commit: str) -> Approval | None:
        return self._reviews.approval(commit)

    def merge(self, number: int, *, commit: str | None = None) -> Pull:
        for tried in range(1, TRIES + 1):
            pull = self._pull(self._get(number))
            if pull.state == "open":
                pull = self._merge(pull, commit)
            if pull.state == "merged":
                self._remove_branch(pull)
                return pull
            if pull.state == "closed":
                raise ForgeError(f"pull request #{number} is closed; reopen it to merge it")
            self._api.pause(tried)
        raise ForgeError(f"main kept moving while #{number} was merged; run the command again")

    def _merge(self, pull: Pull, commit: str | None) -> Pull:
        """Merge once; the pull request still open if GitHub is not ready for it."""
        if commit not in (None, pull.head_commit):
            raise ForgeError(moved(pull.number, pull.head))
        body = {"sha": pull.head_commit, "merge_method": "merge"}
        try:
            answer = self._api.put(f"{self._root}/pulls/{pull.number}/merge", body)
        except GithubError as error:
            if error.status == httpx.codes.CONFLICT:
                raise ForgeError(moved(pull.number, pull.head)) from error
            if error.status != httpx.codes.METHOD_NOT_ALLOWED:
                raise
            return self._not_merged(pull.number, error)
        return replace(pull, state="merged", merge_commit=str(answer["sha"]))

    def _not_merged(self, number: int, error: GithubError) -> Pull:
        """A 405 that will pass: merged before, main just moved, or GitHub is working it out."""
        raw = self._get(number)
        pull = self._pull(raw)
        if pull.state != "open" or raw["mergeable"] is None or BUSY in str(error):
            return pull
        if raw["mergeable"] is False:
            raise ForgeError(
                f"#{number} does not merge cleanly into main. `git switch {pull.head} && "
                "git merge origin/main`, resolve, push, and merge again."
            ) from error
        raise ForgeError(
            f"#{number} may not be merged yet: {error} A review or a check that main requires is "
            f"missing; {raw['html_url']} names it."
        ) from error

    def _remove_branch(self, pull: Pull) -> None:
        """Remove the branch of a merged pull request, if it is ours and nobody pushed more."""
        if ":" in pull.head or pull.head == "main":
            return
        name = quote(pull.head)
        try:
            ref = self._api.get(f"{self._root}/git/ref/heads/{name}")
            if ref["object"]["sha"] == pull.head_commit:
                self._api.delete(f"{self._root}/git/refs/heads/{name}")
        except GithubError as error:
            if error.status not in GONE:
                raise

    def _list(self, head: str | None, state: Wanted) -> Iterator[Raw]:
        """Against main, oldest first. A branch of the same name in a fork is not `head`."""
        query = {"state": state, "base": "main", "sort": "created", "direction": "asc"}
        if head is not None:
            query["head"] = f"{self._slug.partition('/')[0]}:{head}"
        for raw in self._api.pages(f"{self._root}/pulls", **query):
            if head in (None, self._head(raw)):
                yield raw

    def _get(self, number: int) -> Raw:
        try:
            raw: Raw = self._api.get(f"{self._root}/pulls/{number}")
        except GithubError as error:
            if error.status == httpx.codes.NOT_FOUND:
                raise ForgeError(
                    f"there is no pull request #{number} in {self._slug}, or the token may not "
                    "see it; `delivery pr list` shows them"
                ) from error
            raise
        return raw

    def _head(self, raw: Raw) -> str:
        """The branch; owner:branch for one of a fork, which may be gone."""
        head = raw["head"]
        ours = (head["repo"] or {}).get("full_name", "").lower() == self._slug.lower()
        return str(head["ref"] if ours else head["label"])

    def _pull(self, raw: Raw) -> Pull:
        merged = raw["merged_at"] is not None
        return Pull(
            number=raw["number"],
            title=raw["title"],
            body=raw["body"] or "",
            head=self._head(raw),
            state="merged" if merged else raw["state"],
            labels=tuple(label["name"] for label in raw["labels"]),
            merge_commit=raw["merge_commit_sha"] if merged else None,
            head_commit=raw["head"]["sha"],
        )
