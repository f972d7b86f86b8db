"""evidence.json: what is written is read again, and so is what older versions wrote."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.errors import InputError
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from delivery.promotion.proposal import evidence
from delivery.settings.overrides import Overrides
from delivery.state.evidence_file import (
    EvidenceFile,
    JudgedBytes,
    VerdictLine,
    lines,
    parse_evidence,
    render_evidence,
)

PASSED = {"gate": "load", "status": "pass", "measured": "m", "required": "r", "why": "fast"}
WRITTEN = {
    "of the template": {"environment": "staging", "release": "none", "schema_version": 1,
                        "verdicts": []},
    "of a release, before it had a reason": {
        "champion": None, "environment": "staging", "judged": {
            "candidate": "r-1", "candidate_sha256": "a" * 64, "champion": None, "loss": 0.5,
            "holdout_sha256": "b" * 64, "rows": 10, "first": "2013-01-01", "retrain": False},
        "overrides": {}, "record_sha256": "c" * 64, "release": "r-1", "schema_version": 1,
        "verdicts": [PASSED]},
    "of a promotion": {
        "champion": "r-0", "environment": "production", "judged": {
            "candidate_sha256": "a" * 64, "champion": "r-0", "champion_loss": 1, "loss": 0.5},
        "overrides": {"latency": "é"}, "reason": "é", "record_sha256": "c" * 64,
        "release": "r-1", "schema_version": 1, "verdicts": [
            PASSED, {**PASSED, "gate": "latency", "status": "fail", "override": "é"}]},
    "of a rollback": {
        "attempt": "d" * 40, "because": [{"event": "rejected", "evidence": {"why": "slow"}}],
        "environment": "production", "release": "r-0", "rollback_of": "r-1",
        "schema_version": 1, "verdicts": []},
    "of a later version": {"release": "r-1", "looked": ["x"], "judged": {"new": {"deep": 1}},
                           "verdicts": [{**PASSED, "p": 0.25}]},
    "of before everything": {"release": "r-1"},
}  # fmt: skip


def text_of(content: object) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", WRITTEN)
def test_every_file_that_was_written_is_read_and_written_the_same(name: str) -> None:
    text = text_of(WRITTEN[name])
    assert render_evidence(parse_evidence(text, "evidence.json")) == text


JUDGED = st.builds(
    JudgedBytes,
    candidate_sha256=st.none() | st.text(),
    champion=st.none() | st.text(),
    loss=st.none() | st.integers() | st.floats(allow_nan=False),
)
LINES = st.builds(
    VerdictLine,
    gate=st.text(),
    status=st.sampled_from(["pass", "fail", "hold", "not checked"]),
    why=st.text(),
    override=st.text(),
)
FILES = st.builds(
    EvidenceFile,
    schema_version=st.just(1),
    release=st.text(),
    verdicts=st.lists(LINES, max_size=3).map(tuple),
    judged=st.none() | JUDGED,
    reason=st.text(),
    overrides=st.dictionaries(st.text(), st.text(), max_size=2),
)


@given(FILES)
def test_reading_is_the_inverse_of_writing(file: EvidenceFile) -> None:
    assert parse_evidence(render_evidence(file), "evidence.json") == file


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[]", "expected a mapping"),
        ("{}", "release: missing"),
        (text_of({"release": "r-1", "verdicts": [{"gate": "load", "status": "fine"}]}), "status"),
        (text_of({"release": "r-1", "judged": {"loss": "low"}}), "judged.loss"),
    ],
)
def test_what_is_no_evidence_is_named(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=r"^e\.json is no evidence") as caught:
        parse_evidence(text, "e.json")
    assert problem in str(caught.value)


def test_what_blocks_is_unsettled_until_somebody_answers_for_it() -> None:
    slow, worse = (Verdict(gate, "fail", "", "", "") for gate in ("load", "champion"))
    file = EvidenceFile(release="r-1", verdicts=lines((slow, worse)), overrides={"load": "why"})
    assert [line.gate for line in file.unsettled] == ["champion"]


def test_a_proposal_carries_what_a_person_said() -> None:
    judgement = Judgement((), "r-1", "r-0", {"judged": {"candidate_sha256": "a" * 64}})
    file = evidence("staging", judgement, Overrides("it was the database"), "id: r-1\n")
    assert (file.release, file.champion, file.reason) == ("r-1", "r-0", "it was the database")
    assert file.judged is not None
    assert file.judged.candidate_sha256 == "a" * 64


@pytest.mark.parametrize("text", ["[" * 100_000, '{"release": "\\ud800"}', '{"release": "r-1"'])
def test_what_is_no_json_that_can_be_shown_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"^evidence\.json is no evidence: it is no JSON"):
        parse_evidence(text, "evidence.json")


def test_a_line_has_no_numbers_and_a_reason_only_where_a_person_gave_one() -> None:
    plain = Verdict("load", "pass", "m", "r", "w", {"p95_ms": 1.5})
    (line, answered) = lines((plain, replace(plain, override="known")))
    assert line.model_dump(exclude_unset=True) == {
        "gate": "load", "status": "pass", "measured": "m", "required": "r", "why": "w"
    }  # fmt: skip
    assert answered.override == "known"
    assert "details" not in answered.model_dump()


def test_text_of_any_language_stays_readable() -> None:
    assert "Grüße" in render_evidence(EvidenceFile(release="r-1", reason="Grüße"))


def test_who_reads_no_evidence_learns_who_writes_it() -> None:
    with pytest.raises(InputError, match=r"git log -- e\.json.*written by `delivery promote`") as e:
        parse_evidence("{}", "e.json")
    assert str(e.value).count("e.json") == 2, "the file is named once, and once in the command"
