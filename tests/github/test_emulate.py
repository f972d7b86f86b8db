"""The tests' GitHub and `emulate`, which others wrote: the same calls, the same outcome.

Where the emulator is wrong or knows nothing, `test_what_the_emulator_cannot_do` says so: there
the tests' own stands alone, on GitHub's documentation.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import ForgeError
from delivery.forge.github import GithubForge
from delivery.forge.protocol import Pull
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from tests.github.emulator import TOKEN, emulator
from tests.github.hub import Hub
from tests.origin import Origin

ROOT = "/repos/acme/model"
# GitHub has it: https://docs.github.com/rest/repos/repos#get-a-repository
REPOSITORIES = ("repository", *(f"{pull}.{side}.repo" for pull in ("pull", "pulls[0]")
                                for side in ("head", "base")))  # fmt: skip
# And so: https://docs.github.com/rest/releases/releases#get-a-release
ALONE = {f"{where}.allow_update_branch is ours alone" for where in REPOSITORIES} | {
    "release.immutable is ours alone"
}


@dataclass(frozen=True)
class Place:
    """A GitHub with acme/model, whose owner holds the token. `push` makes a branch."""

    url: str
    api: GithubApi
    push: Callable[[str, str, str], str]

    @property
    def forge(self) -> GithubForge:
        return GithubForge(self.api, "acme/model", merges_itself=True)


@pytest.fixture
def ours(origin: Origin) -> Iterator[Place]:
    def push(name: str, path: str, text: str) -> str:
        base = origin.git("rev-parse", "HEAD")
        commit = origin.repository.commit_files(base, {path: text}, name)
        origin.git("push", "--quiet", "origin", f"{commit}:refs/heads/{name}")
        return commit

    with Hub(origin.bare) as hub:
        yield Place(hub.url, GithubApi(hub.url, hub.token(hub.person("acme"))), push)


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Place]:
    with emulator(tmp_path) as url:
        api = GithubApi(url, TOKEN)

        def push(name: str, path: str, text: str) -> str:
            main = api.get(f"{ROOT}/git/ref/heads/main")["object"]["sha"]
            api.post(f"{ROOT}/git/refs", {"ref": f"refs/heads/{name}", "sha": main})
            content = base64.b64encode(text.encode()).decode()
            file = {"message": name, "branch": name, "content": content}
            return str(api.put(f"{ROOT}/contents/{path}", file)["commit"]["sha"])

        yield Place(url, api, push)


def known(pull: Pull, commits: dict[str, str]) -> Pull:
    """With names for the commits, which differ from place to place."""
    merged = "merge" if pull.merge_commit else None
    return replace(
        pull, head_commit=commits.get(pull.head_commit or ""), merge_commit=merged
    )  # fmt: skip


def status(act: Callable[[], Any]) -> int | str | None:
    """What GitHub answered to something that it refuses, or what the forge says to it."""
    try:
        act()
    except GithubError as error:
        return error.status
    except ForgeError as error:
        return str(error).partition(";")[0]
    return None


def told(place: Place) -> list[Any]:
    """A morning's work with pull requests, and what came of each step."""
    forge, api = place.forge, place.api
    commits = {place.push(name, f"{name}.txt", name): name for name in ("one", "two")}
    one = forge.open("one", "One", "body", ("promotion", "environment:staging"))
    again = forge.open("one", "Other", "", ("promotion", "more"))
    two = forge.open("two", "Two", "", ())
    steps: list[Any] = [one, again, two]
    for text in ("first", "second"):
        forge.comment(one.number, text)
    steps.append([c["body"] for c in api.pages(f"{ROOT}/issues/{one.number}/comments")])
    steps.append(forge.pull(one.number))
    steps.append(forge.pulls(head="one", state="open"))
    steps.append([pull["number"] for pull in api.pages(f"{ROOT}/pulls", per_page=1)])
    steps.append(sorted(label["name"] for label in api.pages(f"{ROOT}/labels", per_page=2)))
    steps.append(status(lambda: api.post(f"{ROOT}/labels", {"name": "more"})))
    steps.append(status(lambda: forge.merge(one.number, commit="0" * 40)))
    steps += [forge.merge(one.number), forge.merge(one.number)]
    steps.append(status(lambda: api.get(f"{ROOT}/git/ref/heads/one")))
    steps += [forge.close(two.number, "superseded"), forge.close(two.number, "superseded")]
    steps.append([c["body"] for c in api.pages(f"{ROOT}/issues/{two.number}/comments")])
    steps.append(status(lambda: forge.merge(two.number)))
    steps.append(status(lambda: forge.pull(99)))
    steps.append(forge.pulls())
    return [
        tuple(known(pull, commits) for pull in step)
        if isinstance(step, tuple)
        else known(step, commits)
        if isinstance(step, Pull)
        else step
        for step in steps
    ]


def test_a_morning_with_pull_requests_ends_the_same(ours: Place, theirs: Place) -> None:
    for here, there in zip(told(ours), told(theirs), strict=True):
        assert here == there


def shape(value: Any) -> Any:
    """Types in place of values; None and what is empty fit anything."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def fits(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Where what we give is not to be found in what they give."""
    if "NoneType" in (ours, theirs) or [] in (ours, theirs):
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from fits(value, theirs[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is ours alone"
    elif isinstance(ours, list) and isinstance(theirs, list):
        yield from fits(ours[0], theirs[0], f"{path}[0]")
    elif ours != theirs:
        yield f"{path}: {ours} here, {theirs} there"


def answers(place: Place) -> dict[str, Any]:
    """One of each answer that `delivery` reads."""
    place.push("one", "one.txt", "one")
    pull = place.forge.open("one", "One", "body", ("promotion",))
    place.forge.comment(pull.number, "text")
    release = place.api.post(f"{ROOT}/releases", {"tag_name": "r-1", "name": "r-1"})
    return {
        "repository": place.api.get(ROOT),
        "pull": place.api.get(f"{ROOT}/pulls/{pull.number}"),
        "pulls": place.api.get(f"{ROOT}/pulls"),
        "comments": place.api.get(f"{ROOT}/issues/{pull.number}/comments"),
        "labels": place.api.get(f"{ROOT}/issues/{pull.number}/labels"),
        "release": release,
        "ref": place.api.get(f"{ROOT}/git/ref/heads/main"),
        "commit": place.api.get(f"{ROOT}/commits/main"),
    }


def test_our_answers_have_the_shape_of_theirs(ours: Place, theirs: Place) -> None:
    here, there = answers(ours), answers(theirs)
    wrong = [line for name in here for line in fits(shape(here[name]), shape(there[name]), name)]
    assert set(wrong) <= ALONE


def test_what_the_emulator_cannot_do(theirs: Place) -> None:
    """If one of these fails, it has learned it: compare that as well."""
    api = theirs.api
    theirs.push("one", "one.txt", "one")
    number = theirs.forge.open("one", "One", "", ()).number
    assert api.get(f"{ROOT}/pulls/{number}/files") == []
    for unknown in ("rulesets", "environments", "actions/variables"):
        assert status(partial(api.get, f"{ROOT}/{unknown}")) == 404
    assert status(lambda: theirs.forge.open("nowhere", "x", "", ())) is None  # GitHub: 422
    wrong = {"sha": "0" * 40}
    assert status(lambda: api.put(f"{ROOT}/pulls/{number}/merge", wrong)) == 422  # GitHub: 409
    again = {"title": "x", "head": "one", "base": "main"}
    assert status(lambda: api.post(f"{ROOT}/pulls", again)) is None  # GitHub: 422
    stranger = GithubApi(theirs.url, "ghp_wrong")
    assert status(lambda: stranger.get(f"{ROOT}/labels")) is None  # GitHub: 401
