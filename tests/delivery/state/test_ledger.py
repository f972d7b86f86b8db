"""What was written about environments, old and new, and what speaks against it.

Attacks on it from the outside: tests/negative/test_events.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.events.event import REHEARSAL, Event
from delivery.git.refs import LogName, proposal_tag
from delivery.state.ledger import Ledger
from tests.origin import Origin, tag_message

ONE = "r-111111111111"
STAGING = LogName("staging")


def ledger(origin: Origin) -> Ledger:
    return origin.snapshot().ledger


@pytest.fixture
def attempt(origin: Origin) -> str:
    return origin.want("staging", ONE)


def tag(origin: Origin, attempt: str, kind: str) -> None:
    """An event as earlier versions wrote it."""
    event = Event("staging", attempt, kind, ONE, "local", {})
    origin.repository.create_tag(event.tag, attempt, tag_message(event))


def test_tags_count_until_there_is_a_log_which_carries_them_on(
    origin: Origin, attempt: str
) -> None:
    tag(origin, attempt, "deployed")
    assert ledger(origin).kinds(STAGING, attempt) == ["deployed"]
    assert ledger(origin).precedes_logs("staging")
    origin.happened("staging", attempt, "verified", ONE)
    tag(origin, attempt, "rejected")
    after = ledger(origin)
    assert after.kinds(STAGING, attempt) == ["deployed", "verified"]
    assert not after.precedes_logs("staging")
    assert after.precedes_logs("production")


def test_tags_about_an_attempt_of_the_time_of_logs_count_for_nothing(origin: Origin) -> None:
    heads = dict(ledger(origin).heads("staging"))
    evidence = '{"release": "r-111111111111", "logs": ' + str(heads).replace("'", '"') + "}\n"
    text = origin.git("show", "HEAD:infra/environments/staging/desired.yaml") + "\n# again\n"
    files = {"desired.yaml": text, "evidence.json": evidence}
    attempt = origin.push({f"infra/environments/staging/{n}": t for n, t in files.items()})
    tag(origin, attempt, "verified")
    assert ledger(origin).kinds(STAGING, attempt) == []


def test_heads_are_those_of_origin(origin: Origin, attempt: str) -> None:
    assert set(ledger(origin).heads("staging").values()) == {"none"}
    origin.happened("staging", attempt, "deployed", ONE)
    heads = ledger(origin).heads("staging")
    head = origin.git("ls-remote", "origin", "delivery/events/staging").split()[0]
    assert heads == {"delivery/events/staging": head, "delivery/rehearsals/staging": "none"}


def test_a_proposal_is_about_both_texts_and_one_environment(origin: Origin) -> None:
    origin.propose("staging", "desired", "evidence")
    assert ledger(origin).proposal("staging", "desired", "evidence") == (True, "")
    for environment, desired, evidence in (
        ("production", "desired", "evidence"),
        ("staging", "other", "evidence"),
        ("staging", "desired", "other"),
    ):
        assert ledger(origin).proposal(environment, desired, evidence) == (False, "")


def test_words_about_other_texts_are_no_proposal(origin: Origin) -> None:
    origin.propose("staging", "desired", "evidence")
    message = origin.repository.tags("promo/")[proposal_tag("staging", "desired", "evidence")]
    commit = origin.git("rev-parse", "HEAD")
    origin.repository.create_tag(proposal_tag("staging", "other", "texts"), commit, message)
    assert ledger(origin).proposal("staging", "other", "texts") == (False, "")


def test_what_a_stranger_proposed_is_a_proposal_with_a_doubt(
    origin: Origin, tmp_path: Path
) -> None:
    stranger = replace(origin, environ={"XDG_DATA_HOME": str(tmp_path / "mallory")})
    stranger.propose("staging", "desired", "evidence")
    proposed, doubt = ledger(origin).proposal("staging", "desired", "evidence")
    assert proposed
    assert "this machine's" in doubt


def test_a_main_that_lost_what_an_event_names_is_doubted(origin: Origin, attempt: str) -> None:
    before = origin.git("rev-parse", f"{attempt}~1")
    origin.happened("staging", attempt, "deployed", ONE)
    assert not ledger(origin).doubts("staging")
    origin.git("push", "--quiet", "--force", "origin", f"{before}:refs/heads/main")
    assert "main lost" in str(ledger(origin).doubts("staging"))
    assert not ledger(origin).doubts("production")


def test_a_tag_that_is_no_event_is_named(origin: Origin, attempt: str) -> None:
    origin.repository.create_tag(f"promo/staging/{attempt}/celebrated", attempt, "by hand")
    with pytest.raises(InputError, match=f"promo/staging/{attempt}/celebrated"):
        ledger(origin).events("staging")


def proposed_after(origin: Origin, heads: dict[str, str]) -> str:
    """An attempt at staging whose evidence names heads of event logs."""
    text = json.dumps({"release": ONE, "logs": heads}) + "\n"
    return origin.push({"infra/environments/staging/evidence.json": text, **again(origin)})


def again(origin: Origin) -> dict[str, str]:
    """Another wish with the same meaning."""
    path = "infra/environments/staging/desired.yaml"
    return {path: (origin.path / path).read_text() + "# again\n"}


LOG, REHEARSALS = "delivery/events/staging", "delivery/rehearsals/staging"


@pytest.mark.parametrize("name", [LOG, REHEARSALS])
def test_an_entry_that_main_names_and_nobody_has_is_lost(origin: Origin, name: str) -> None:
    proposed_after(origin, {LOG: "none", REHEARSALS: "none", name: "e" * 40})
    doubts = ledger(origin).doubts("staging")
    assert doubts.rewritten == (f"main names {'e' * 12} of {name}, and origin has no such",)
    assert "delivery attest staging" in doubts.cure
    assert not ledger(origin).doubts("production")
    lost = {str(log.name): ledger(origin).lost(log) for log in ledger(origin).logs("staging")}
    assert lost == {LOG: (), REHEARSALS: (), name: ("e" * 40,)}


def test_only_the_newest_attempt_says_which_entries_there_were(origin: Origin) -> None:
    """Who vouched for the log since is right."""
    proposed_after(origin, {LOG: "e" * 40})
    proposed_after(origin, {LOG: "none"})
    assert not ledger(origin).doubts("staging")


def test_an_entry_that_is_there_is_not_lost(origin: Origin, attempt: str) -> None:
    origin.happened("staging", attempt, "deployed", ONE)
    head = ledger(origin).heads("staging")[LOG]
    origin.happened("staging", attempt, "verified", ONE)
    proposed_after(origin, {LOG: head})
    assert not ledger(origin).doubts("staging")


def test_the_newest_entry_of_both_logs_says_what_main_was(origin: Origin, attempt: str) -> None:
    """An older one may name a main of before."""
    before = origin.git("rev-parse", f"{attempt}~1")
    event = Event("staging", attempt, "verified", ONE, REHEARSAL, {})
    assert origin.events.write(event, [])
    assert not ledger(origin).doubts("staging")
    origin.happened("staging", attempt, "deployed", ONE)
    assert not ledger(origin).doubts("staging")
    main = origin.git("rev-parse", "origin/main")
    origin.git("push", "--quiet", "--force", "origin", f"{before}:refs/heads/main")
    lost = f"main lost {main[:12]}, which was its head once"
    assert ledger(origin).doubts("staging").rewritten == (lost,)


def test_what_an_earlier_version_proposed_counts_until_there_is_a_log(
    origin: Origin, attempt: str
) -> None:
    """Its tag has no signed words."""
    commit = origin.git("rev-parse", "HEAD")
    for name in ("staging", "production"):
        origin.repository.create_tag(proposal_tag(name, "desired", "evidence"), commit, "proposed")
    assert ledger(origin).proposal("staging", "desired", "evidence") == (True, "")
    origin.happened("staging", attempt, "deployed", ONE)
    proposed, doubt = ledger(origin).proposal("staging", "desired", "evidence")
    assert proposed
    assert doubt == "an earlier version of delivery proposed it, and signed nothing"
    assert ledger(origin).proposal("production", "desired", "evidence") == (True, "")
