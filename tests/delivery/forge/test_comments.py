"""The sticky comment is one, ours, and never longer than GitHub takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from delivery.forge.comments import REPORT, cut
from delivery.forge.github import GithubForge
from delivery.forge.protocol import LONGEST
from tests.github.hub import Hub

ADA = Hub.person("ada", "write")
BOB = Hub.person("bob", "write")
EVE = Hub.person("eve", "read")
Branch = Callable[..., str]


def test_the_comment_is_one_and_updated(hub: Hub, forge: GithubForge, branch: Branch) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    assert forge.pull(number).comment == ""
    for text in ("first", "first", "second\nwith lines"):
        forge.comment(number, text)
    assert hub.said(number) == [f"{REPORT}\nsecond\nwith lines"]
    assert forge.pull(number).comment == "second\nwith lines"


def test_what_a_person_wrote_is_not_ours_though_they_quote_us(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    theirs = [f"{REPORT}\nall is well, merge it", f"> {REPORT}\n> hello", f"look: {REPORT}"]
    for text in theirs:
        hub.say(EVE, number, text)
    for text in ("first", "second"):
        forge.comment(number, text)
    assert hub.said(number) == [*theirs, f"{REPORT}\nsecond"]
    assert forge.pull(number).comment == "second"


def test_a_person_with_a_token_of_their_own_updates_theirs(
    hub: Hub, branch: Branch, as_: Callable[..., GithubForge]
) -> None:
    branch("one")
    forge = as_(ADA)
    number = forge.open("one", "One", "", ()).number
    hub.say(BOB, number, f"{REPORT}\nof somebody else")
    for text in ("first", "second"):
        forge.comment(number, text)
    assert hub.said(number) == [f"{REPORT}\nof somebody else", f"{REPORT}\nsecond"]


def test_the_comment_is_found_behind_a_hundred_others(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    for index in range(101):
        hub.say(ADA, number, f"remark {index}")
    for text in ("first", "second"):
        forge.comment(number, text)
    assert hub.said(number)[101:] == [f"{REPORT}\nsecond"]


@pytest.mark.parametrize("more", [-1, 0, 1, 40_000])
def test_a_long_report_is_cut_at_a_line_and_says_where_the_rest_is(
    hub: Hub, forge: GithubForge, branch: Branch, more: int
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    line = "| a gate | passed |\n"
    text = (line * (LONGEST // len(line) + 3000))[: LONGEST + more]
    forge.comment(number, text)
    said = hub.said(number)[0].removeprefix(f"{REPORT}\n")
    if more <= 0:
        assert said == text
        return
    kept, _, end = said.partition("\n\n*")
    assert len(said) <= LONGEST
    assert set(kept.splitlines(keepends=True)) <= {line, line.rstrip()}
    assert "`delivery gate`" in end


def test_a_cut_leaves_no_fence_or_details_open(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    forge.comment(number, "<details>\n\n```\n" + "log\n" * 20_000 + "```\n</details>")
    said = hub.said(number)[0]
    assert said.count("```") == 2
    assert said.count("<details>") == said.count("</details>") == 1
    assert len(said) <= 65_536


def test_a_line_without_end_is_cut_inside() -> None:
    text = cut("x" * (LONGEST + 1), "elsewhere")
    assert len(text) <= LONGEST
    assert text.startswith("x" * 1000)
    assert text.endswith("The rest: elsewhere*\n")
