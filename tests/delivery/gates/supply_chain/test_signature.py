"""Whose signature counts, where and when: at, below and above every limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from delivery.gates.supply_chain import signature
from delivery.gates.supply_chain.signature import Carried, Evidence
from delivery.gates.verdict import Verdict
from delivery.trust.signers import Revoked, Signer, Trust

FILES = {"r-1/bento.yaml": "aa", "r-1.yaml": "bb"}
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
DAY = date(2026, 5, 10)
GOOD = Evidence("staging", FILES, FILES, NOON, "key1", signer="alice", genuine=True)


def judge(evidence: Evidence, trust: Trust) -> Verdict:
    """By the list of those who may sign."""
    return signature.judge(replace(evidence, trust=trust))


def policy(**rules: object) -> Trust:
    return {"alice": Signer.model_validate({"key": "k", **rules})}


def test_a_listed_signer_passes() -> None:
    verdict = judge(GOOD, policy())
    assert verdict.status == "pass"
    assert verdict.measured == "signed by alice, key key1"


def test_no_signature_holds_and_says_what_to_do() -> None:
    verdict = judge(replace(GOOD, signed=None, missing="`delivery sign r-1`"), policy())
    assert (verdict.status, verdict.why) == ("hold", "`delivery sign r-1`")


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ({"environments": ["staging"]}, "pass"),
        ({"environments": ["production"]}, "fail"),
        ({"environments": []}, "fail"),
        ({"since": DAY - timedelta(1)}, "pass"),
        ({"since": DAY}, "pass"),
        ({"since": DAY + timedelta(1)}, "fail"),
        ({"until": DAY - timedelta(1)}, "fail"),
        ({"until": DAY}, "pass"),
        ({"until": DAY + timedelta(1)}, "pass"),
        ({"revoked": {"at": DAY - timedelta(1), "why": "lost"}}, "fail"),
        ({"revoked": {"at": DAY, "why": "lost"}}, "fail"),
        ({"revoked": {"at": DAY + timedelta(1), "why": "lost"}}, "pass"),
    ],
)
def test_a_rule_that_is_broken_is_named(rules: dict[str, object], status: str) -> None:
    verdict = judge(GOOD, policy(**rules))
    assert verdict.status == status
    if status == "fail":
        assert f"trust.alice.{next(iter(rules))}" in verdict.why


def test_days_are_in_utc() -> None:
    late = datetime(2026, 5, 11, 1, tzinfo=timezone(timedelta(hours=2)))  # 23:00 UTC on the 10th
    assert judge(replace(GOOD, at=late), policy(until=DAY)).status == "pass"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (FILES | {"r-1.yaml": "xx"}, "r-1.yaml is not as it was signed"),
        (FILES | {"r-1/more": "cc"}, "r-1/more was never signed"),
        ({"r-1.yaml": "bb"}, "r-1/bento.yaml was signed and is not there"),
    ],
)
def test_a_file_that_differs_is_named(found: dict[str, str], text: str) -> None:
    verdict = judge(replace(GOOD, found=found), policy())
    assert (verdict.status, verdict.why) == ("fail", text)


def test_a_forged_signature_fails() -> None:
    assert judge(replace(GOOD, genuine=False), policy()).status == "fail"


def test_a_stranger_is_held_even_with_this_machines_key() -> None:
    verdict = judge(replace(GOOD, signer=None, own=True), policy())
    assert verdict.status == "hold"
    assert "under no name of `trust:`" in verdict.why
    assert "DELIVERY_SIGNING_KEY" in verdict.why


def test_without_a_list_only_the_own_key_counts_where_clients_are_served() -> None:
    own = replace(GOOD, signer=None, own=True)
    assert judge(own, {}).status == "pass"
    assert "this machine's own key" in judge(own, {}).why
    assert judge(replace(own, genuine=False), {}).status == "fail"
    assert judge(replace(own, own=False, genuine=False), {}).status == "hold"
    rehearsal = replace(own, own=False, genuine=False, serves=False)
    assert judge(rehearsal, {}).status == "pass"
    assert judge(replace(rehearsal, found={}), {}).status == "fail"


def test_a_revocation_has_a_reason() -> None:
    with pytest.raises(ValidationError):
        Revoked.model_validate({"at": "2026-01-01", "why": ""})


def carried(*statements: Evidence) -> Evidence:
    return replace(GOOD, trust=policy(), image=Carried("x@sha256:1", statements, "sign it"))


def test_an_image_without_a_statement_holds_and_says_what_to_do() -> None:
    verdict = signature.judge(carried())
    assert (verdict.status, verdict.why) == ("hold", "sign it")


def test_one_statement_on_the_image_that_counts_is_enough() -> None:
    good = replace(GOOD, trust=policy())
    stranger, forged = replace(good, signer=None), replace(good, genuine=False)
    assert signature.judge(carried(stranger, good, forged)).status == "pass"
    assert signature.judge(carried(forged, stranger)).status == "hold"
    refused = signature.judge(carried(forged))
    assert (refused.status, refused.why[:21]) == ("fail", "its image x@sha256:1:")


def test_an_image_does_not_make_up_for_its_release() -> None:
    good = replace(GOOD, trust=policy())
    assert signature.judge(replace(carried(good), genuine=False)).status == "fail"


@pytest.mark.parametrize(
    ("evidence", "who"),
    [
        (GOOD, "alice"),
        (replace(GOOD, signer=None, own=True), "this machine"),
        (replace(GOOD, signer=None), "somebody unknown"),
    ],
)
def test_who_signed_is_told_as_far_as_it_is_known(evidence: Evidence, who: str) -> None:
    assert judge(evidence, policy()).measured == f"signed by {who}, key key1"
