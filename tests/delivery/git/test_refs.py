"""One grammar for each kind of ref: what is written is read back, and nothing else is."""

from __future__ import annotations

import hashlib

import pytest

from delivery.git.refs import (
    LOOKS,
    PULLS,
    SEEN_PULLS,
    Grammar,
    Ref,
    attempt_of,
    event_tag,
    parse_ref,
    promotion_branch,
    proposal_tag,
    rollback_branch,
)

ATTEMPT = "a" * 40
# As they lie on origins since the first release of the template.
KNOWN = {
    f"refs/tags/promo/staging/{ATTEMPT}/deployed": Grammar.EVENT,
    f"refs/tags/promo/staging/{ATTEMPT}/inconclusive-3": Grammar.EVENT,
    f"refs/tags/promo/staging/{ATTEMPT}/rehearsal/revoked-12": Grammar.REHEARSED,
    "refs/heads/delivery/events/staging": Grammar.LOG,
    "refs/heads/delivery/rehearsals/a-b-2": Grammar.LOG,
    "refs/delivery/origin/events/staging": Grammar.ORIGIN_LOG,
    "refs/delivery/seen/rehearsals/staging": Grammar.SEEN_LOG,
    f"refs/tags/promo/a-b-2/proposed/{'0' * 64}": Grammar.PROPOSAL,
    f"refs/delivery/looks/{'b' * 40}/7": Grammar.LOOK,
    "refs/delivery/monitor/production": Grammar.MONITOR,
    "refs/pulls/12": Grammar.PULL,
    "refs/delivery/pulls/12": Grammar.SEEN_PULL,
    "refs/heads/promote/production/r-0123456789ab": Grammar.PROMOTION,
    "refs/heads/rollback/production/0123456789ab": Grammar.ROLLBACK,
}


@pytest.mark.parametrize(("name", "grammar"), KNOWN.items())
def test_parsing_is_the_inverse_of_rendering(name: str, grammar: Grammar) -> None:
    ref = parse_ref(name)
    assert ref is not None
    assert (ref.grammar, ref.name) == (grammar, name)


def test_every_grammar_has_an_example() -> None:
    assert set(KNOWN.values()) == set(Grammar)


@pytest.mark.parametrize(
    "name",
    [
        f"promo/staging/{ATTEMPT}/deployed",  # a tag's name is not the ref
        f"refs/tags/promo/staging/{ATTEMPT[1:]}/deployed",
        f"refs/tags/promo/staging/{ATTEMPT}/elsewhere/deployed",
        f"refs/tags/promo/staging/{ATTEMPT}/deployed\n",
        f"refs/tags/promo/Staging/{ATTEMPT}/deployed",
        "refs/tags/promo/staging/proposed/0123",
        "refs/tags/v1.0",
        "refs/heads/promote/production/main",
    ],
)
def test_any_other_ref_is_none(name: str) -> None:
    assert parse_ref(name) is None


def test_a_field_that_does_not_fit_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no event ref"):
        event_tag("staging", "HEAD", "deployed", rehearsed=False)


def test_the_tag_of_a_proposal_is_about_both_texts() -> None:
    digest = hashlib.sha256(b"desired\0evidence").hexdigest()
    assert proposal_tag("staging", "desired", "evidence") == f"promo/staging/proposed/{digest}"
    assert proposal_tag("staging", "desired", "other") != proposal_tag("staging", "other", "")


def test_branches_and_tags_are_named_without_their_folder() -> None:
    assert promotion_branch("staging", "r-0123456789ab") == "promote/staging/r-0123456789ab"
    assert rollback_branch("staging", ATTEMPT) == f"rollback/staging/{ATTEMPT[:12]}"
    assert event_tag("staging", ATTEMPT, "verified", rehearsed=True) == (
        f"promo/staging/{ATTEMPT}/rehearsal/verified"
    )


@pytest.mark.parametrize(
    ("tag", "about"),
    [
        (f"promo/staging/{ATTEMPT}/deployed", ("staging", ATTEMPT)),
        (f"promo/staging/{ATTEMPT}/rehearsal/deployed", ("staging", ATTEMPT)),
        (f"promo/staging/{ATTEMPT}/by/hand", ("staging", ATTEMPT)),
        ("promo/staging", ("staging", "")),
    ],
)
def test_a_tag_is_about_an_attempt_even_where_it_is_no_event(
    tag: str, about: tuple[str, str]
) -> None:
    assert attempt_of(tag) == about


@pytest.mark.parametrize(
    ("folder", "grammar"),
    [(LOOKS, Grammar.LOOK), (PULLS, Grammar.PULL), (SEEN_PULLS, Grammar.SEEN_PULL)],
)
def test_a_folder_of_refs_is_that_of_their_grammar(folder: str, grammar: Grammar) -> None:
    fields = {"holdout": "b" * 40, "number": "1"}
    assert Ref(grammar, fields).name.startswith(f"{folder}/")
