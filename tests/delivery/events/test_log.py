"""A chain of entries: their order, what is not believed, and what a checkpoint changes."""

from __future__ import annotations

import os

import pytest

from delivery.events.beliefs import Beliefs, Reader
from delivery.events.entry import Checkpoint, Entry, Happened, Proposed
from delivery.events.event import Event
from delivery.events.log import Commit, EventLog, oldest_first, read_log
from delivery.git.refs import LogName
from delivery.trust.keys import Role, own_key, public_half

STAGING = LogName("staging")


def event(kind: str, environment: str = "staging") -> Event:
    return Event(environment, "c" * 40, kind, "r-111111111111", "local")


class Chain:
    """Commits of a log, named by letters instead of hashes."""

    def __init__(self, pem: str, strangers: str) -> None:
        self.pem, self.strangers = pem, strangers
        self.commits: dict[str, Commit] = {}

    def add(
        self, name: str, parents: str, happened: Happened, *, at: str = "", by: str = ""
    ) -> None:
        moment = at or f"2026-06-01T12:00:{len(self.commits):02}+00:00"
        entry = Entry(happened, "b" * 40, tuple(parents), moment, {})
        self.commits[name] = Commit(tuple(parents), entry.message(by or self.pem))

    def read(self, head: str, seen: str = "") -> EventLog:
        beliefs = Beliefs(reader=Reader(public_half(self.pem)))
        return read_log(STAGING, self.commits, (head, seen), beliefs)


@pytest.fixture
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    other = {"XDG_DATA_HOME": str(tmp_path_factory.mktemp("stranger"))}
    pem, strangers = own_key(os.environ, Role.EVENTS, make=True), own_key(other, make=True)
    assert pem is not None
    assert strangers is not None
    return Chain(pem, strangers)


def kinds(log: EventLog) -> list[str]:
    return [event.kind for event in log.events]


def test_a_log_that_nobody_wrote_is_empty(chain: Chain) -> None:
    log = chain.read("")
    assert (kinds(log), log.unattested, log.rewritten, log.newest) == ([], {}, "", None)


def test_events_are_in_the_order_of_the_chain(chain: Chain) -> None:
    chain.add("a", "", event("deployed"))
    chain.add("b", "a", event("verified"))
    chain.add("c", "b", event("revoked-1"))
    log = chain.read("c", seen="b")
    assert kinds(log) == ["deployed", "verified", "revoked-1"]
    assert not log.unattested
    assert not log.rewritten


def test_what_a_stranger_wrote_counts_for_nothing_and_is_named(chain: Chain) -> None:
    chain.add("a", "", event("deployed"))
    chain.add("b", "a", event("verified"), by=chain.strangers, at="9999-01-01T00:00:00+00:00")
    chain.add("c", "b", event("rejected"))
    log = chain.read("c")
    assert kinds(log) == ["deployed", "rejected"]
    assert list(log.unattested) == ["b"]


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (event("verified", "production"), "it is about production, in the log delivery/events"),
        (Checkpoint("staging", "w", rehearsed=True), "in the log delivery/events/staging"),
        (Proposed("staging", "f" * 64), "a proposal is no event"),
    ],
)
def test_an_entry_of_another_log_is_named(chain: Chain, happened: Happened, why: str) -> None:
    chain.add("a", "", happened)
    assert why in chain.read("a").unattested["a"]


def test_an_entry_that_claims_to_be_older_than_its_parent_is_named(chain: Chain) -> None:
    """Else a key that ended could write on, under an old date."""
    chain.add("a", "", event("deployed"), at="2026-06-02T00:00:00+00:00")
    chain.add("b", "a", event("verified"), at="2026-06-01T00:00:00+00:00")
    assert "before what it follows" in chain.read("b").unattested["b"]


def test_a_commit_that_is_no_entry_is_named(chain: Chain) -> None:
    chain.add("a", "", event("deployed"))
    chain.commits["b"] = Commit(("a",), "Merge branch main")
    log = chain.read("b")
    assert kinds(log) == ["deployed"]
    assert "no event" in log.unattested["b"]


def test_entries_that_are_gone_are_missed_and_still_count(chain: Chain) -> None:
    chain.add("a", "", event("deployed"))
    chain.add("b", "a", event("verified"))
    chain.add("c", "b", event("revoked-1"))
    for head in ("b", ""):
        log = chain.read(head, seen="c")
        assert kinds(log) == ["deployed", "verified", "revoked-1"]
        assert log.rewritten == "origin had c once, and it is gone"


def test_a_checkpoint_vouches_for_what_it_names_alone(chain: Chain) -> None:
    chain.add("a", "", event("deployed"), by=chain.strangers)
    chain.add("b", "a", event("verified"), by=chain.strangers)
    chain.commits["x"] = Commit(("b",), "Merge branch main")
    chain.add("c", "x", Checkpoint("staging", "I looked", vouches=("a", "x")))
    log = chain.read("c")
    assert kinds(log) == ["deployed"]
    assert list(log.unattested) == ["b"]


def test_what_a_checkpoint_disowns_counts_for_nothing_and_is_settled(chain: Chain) -> None:
    """Also where the key may write: somebody else may have had it."""
    chain.add("a", "", event("deployed"))
    chain.add("b", "a", event("verified"))
    chain.add("c", "b", event("rejected"), by=chain.strangers)
    chain.add("d", "c", Checkpoint("staging", "stolen", disowns=("b", "c")))
    log = chain.read("d")
    assert (kinds(log), log.unattested) == (["deployed"], {})


def test_a_strangers_checkpoint_vouches_for_nothing(chain: Chain) -> None:
    chain.add("a", "", event("deployed"), by=chain.strangers)
    chain.add("b", "a", Checkpoint("staging", "w", vouches=("a", "b")), by=chain.strangers)
    assert list(chain.read("b").unattested) == ["a", "b"]


def test_a_checkpoint_joins_what_was_cut_off(chain: Chain) -> None:
    chain.add("a", "", event("deployed"))
    chain.add("b", "a", event("verified"))
    chain.add("c", "a", event("rejected"))
    chain.add("d", "cb", Checkpoint("staging", "both happened", lost=("z",)))
    log = chain.read("d", seen="b")
    assert sorted(kinds(log)) == ["deployed", "rejected", "verified"]
    assert not log.rewritten
    assert "z" in log.known
    assert not log.unattested


def test_tags_of_before_are_those_that_checkpoints_carry(chain: Chain) -> None:
    chain.add("a", "", Checkpoint("staging", "before", tags={"t1": "m1"}))
    chain.add("b", "a", event("deployed"))
    assert dict(chain.read("b").tags) == {"t1": "m1"}


def test_parents_come_first_each_once() -> None:
    parents = {"e": "cd", "d": "b", "c": "b", "b": "a", "a": ""}
    commits = {name: Commit(tuple(above), "") for name, above in parents.items()}
    order = oldest_first(commits, ["e", "c"])
    assert sorted(order) == list("abcde")
    assert all(order.index(up) < order.index(name) for name in parents for up in parents[name])
    long = {str(n): Commit((str(n - 1),) if n else (), "") for n in range(5_000)}
    assert oldest_first(long, ["4999"])[0] == "0"
