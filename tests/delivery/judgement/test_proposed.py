"""Judging with real bentos and real servers, from a cold workspace and again from memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.evidence.evaluation import Evaluation
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import blocking
from delivery.report import write
from tests.delivery.bentos import TRIED, Bench, splits, write_splits
from tests.serving.tiny import tiny_frame


@pytest.fixture(scope="module")
def data(bench: Bench) -> Path:
    return write_splits(bench.workspace / "data", splits(tiny_frame(18_400, seed=11)))


@pytest.fixture(scope="module")
def judgement(bench: Bench, data: Path, better: Bento, champion: Bento) -> Judgement:
    return bench.judge(better, champion, Evaluation(data, data))


def test_a_better_candidate_passes_every_proposed_gate(judgement: Judgement) -> None:
    expected = [gate.name for gate in TRIED if gate.name != "baseline"]  # there is a champion
    assert [verdict.gate for verdict in judgement.verdicts] == expected
    assert not blocking(judgement.verdicts)


def test_the_evidence_names_what_was_judged(
    judgement: Judgement, better: Bento, champion: Bento
) -> None:
    judged = judgement.evidence["judged"]
    assert (judged["candidate"], judged["champion"]) == (better.id, champion.id)
    assert judged["candidate_sha256"][:12] == better.id.removeprefix("r-")
    assert judged["champion_sha256"][:12] == champion.id.removeprefix("r-")
    assert len(judged["holdout_sha256"]) == len(judged["policy_sha256"]) == 64


def test_judging_again_starts_no_server_and_says_the_same(
    bench: Bench, data: Path, judgement: Judgement, better: Bento, champion: Bento,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def none(*_: object) -> None:
        raise AssertionError("a server was started")

    monkeypatch.setattr("delivery.bento.temporary.serving", none)
    assert bench.judge(better, champion, Evaluation(data, data)).to_json() == judgement.to_json()


def test_the_report_of_a_real_judgement_is_written(judgement: Judgement, tmp_path: Path) -> None:
    report = write(judgement, tmp_path)
    assert judgement.candidate in report.html.read_text(encoding="utf-8")
