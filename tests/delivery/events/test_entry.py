"""An entry is read back as it was written, in its place alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from delivery.errors import InputError
from delivery.events.entry import Checkpoint, Entry, Happened, Proposed, read_entry
from delivery.events.event import Event
from delivery.trust.keys import public_half

PARENTS = ("a" * 40,)
EVENT = Event("staging", "c" * 40, "revoked-2", "r-111111111111", "local", {"why": "é\n\nKey: x"})
ALL = (
    EVENT,
    Checkpoint(
        "staging",
        "I looked",
        rehearsed=True,
        vouches=("d" * 40,),
        disowns=("9" * 40,),
        lost=("e" * 40,),
    ),
    Checkpoint("staging", "before", tags={"promo/staging/x/verified": '{"a":1}'}),
    Proposed("staging", "f" * 64),
)


def entry(happened: Happened) -> Entry:
    return Entry(happened, "b" * 40, PARENTS, "2026-06-01T12:00:00+00:00", {"name": "ada"})


@pytest.mark.parametrize("happened", ALL)
def test_reading_is_the_inverse_of_writing(happened: Happened, pem: str) -> None:
    signed = read_entry("0" * 40, PARENTS, entry(happened).message(pem))
    assert signed.entry == entry(happened)
    assert signed.key_id == public_half(pem).id
    assert signed.genuine(public_half(pem))


def test_what_is_signed_is_canonical_json(pem: str) -> None:
    """Whoever writes the same entry signs the same bytes: sorted keys, no spaces, one line."""
    one = replace(EVENT, evidence={"why": "é", "a": {"z": 1, "b": 2}})
    other = replace(EVENT, evidence={"a": {"b": 2, "z": 1}, "why": "é"})
    payloads = {read_entry("0", PARENTS, entry(made).message(pem)).payload for made in (one, other)}
    (payload,) = payloads
    text = json.dumps(
        json.loads(payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert payload.decode() == text
    assert '"evidence":{"a":{"b":2,"z":1},"why":"é"}' in text


def test_what_was_changed_is_not_genuine(pem: str) -> None:
    message = entry(EVENT).message(pem)
    changed = read_entry("0" * 40, PARENTS, message.replace("revoked-2", "revoked-1"))
    assert not changed.genuine(public_half(pem))


def test_an_entry_elsewhere_is_none(pem: str) -> None:
    message = entry(EVENT).message(pem)
    for parents in ((), ("9" * 40,), (*PARENTS, "9" * 40)):
        with pytest.raises(InputError, match="another place of the log"):
            read_entry("0" * 40, parents, message)


def test_people_read_what_happened_where(pem: str) -> None:
    assert entry(EVENT).message(pem).startswith("staging: revoked-2 r-111111111111\n\n")
    assert entry(ALL[1]).message(pem).startswith("staging: checkpoint\n\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"kind":"revoked-2"', '"kind":"celebrated"'),
        ('"kind":"revoked-2"', '"kind":7'),
        ('"version":1', '"version":2'),
        ('"release":', '"other":'),
        ("\nSig: ", "\nSig: !"),
        ("\n\nKey", "\nKey"),
    ],
)
def test_any_other_commit_is_named(pem: str, old: str, new: str) -> None:
    message = entry(EVENT).message(pem)
    assert old in message
    with pytest.raises(InputError, match="commit 000000000000 is no event"):
        read_entry("0" * 40, PARENTS, message.replace(old, new))
