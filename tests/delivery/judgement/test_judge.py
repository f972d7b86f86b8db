"""Judging with real bentos and real servers, from a cold workspace and again from memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from delivery.bento.server import serving
from delivery.gates.verdict import blocking
from delivery.judgement.judge import Exam, Judgement, Subject, judge_live
from delivery.report import write
from tests.delivery.bentos import POLICY, Bench, shared_bench, splits, tiny, write_splits
from tests.serving.tiny import tiny_frame


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return shared_bench(tmp_path_factory).apart(f"judge-{os.getpid()}")


@pytest.fixture(scope="module")
def better(bench: Bench) -> Subject:
    return bench.bento("better", tiny())


@pytest.fixture(scope="module")
def champion(bench: Bench) -> Subject:
    return bench.bento("champion", tiny(noise=0.2, seed=7))


@pytest.fixture(scope="module")
def data(bench: Bench) -> Path:
    return write_splits(bench.workspace / "data", splits(tiny_frame(18_400, seed=11)))


@pytest.fixture(scope="module")
def judgement(bench: Bench, data: Path, better: Subject, champion: Subject) -> Judgement:
    return bench.judge(better, champion, Exam(data, data))


def test_a_better_candidate_passes_every_proposed_gate(judgement: Judgement) -> None:
    assert [verdict.gate for verdict in judgement.verdicts] == [
        "champion", "calibration", "behaviour", "robustness", "best", "data", "parity", "contract",
        "load", "latency",
    ]  # fmt: skip
    assert not blocking(judgement.verdicts)


def test_the_evidence_names_what_was_judged(
    judgement: Judgement, better: Subject, champion: Subject
) -> None:
    judged = judgement.evidence["judged"]
    assert (judged["candidate"], judged["champion"]) == (better.release, champion.release)
    assert judged["candidate_sha256"][:12] == better.release.removeprefix("r-")
    assert judged["champion_sha256"][:12] == champion.release.removeprefix("r-")
    assert len(judged["holdout_sha256"]) == len(judged["policy_sha256"]) == 64


def test_judging_again_starts_no_server_and_says_the_same(
    bench: Bench, data: Path, judgement: Judgement, better: Subject, champion: Subject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def none(*_: object) -> None:
        raise AssertionError("a server was started")

    monkeypatch.setattr("delivery.bento.temporary.serving", none)
    start = time.monotonic()
    assert bench.judge(better, champion, Exam(data, data)).to_json() == judgement.to_json()
    assert time.monotonic() - start < 10


def test_what_is_live_is_who_it_should_be(better: Subject, champion: Subject, bench: Bench) -> None:
    with serving(better.bento, better.release, bench.workspace) as url:
        live = judge_live(url, better, champion, POLICY, lambda _: None)
        assert [verdict.gate for verdict in live.verdicts] == [
            "smoke", "parity", "contract", "security", "load",
        ]  # fmt: skip
        assert not blocking(live.verdicts)
        # The same server, asked as if the champion should be there.
        wrong = judge_live(url, champion, None, POLICY, lambda _: None)
    status = {verdict.gate: verdict.status for verdict in wrong.verdicts}
    assert status == {
        "smoke": "fail", "parity": "fail", "contract": "pass", "security": "pass", "load": "hold",
    }  # fmt: skip


def test_nobody_there_holds(better: Subject, bench: Bench) -> None:
    live = judge_live("http://127.0.0.1:9", better, None, POLICY, lambda _: None)
    assert {verdict.gate: verdict.status for verdict in live.verdicts} == {
        "smoke": "hold", "parity": "hold", "contract": "pass", "security": "hold", "load": "hold",
    }  # fmt: skip


def test_the_report_of_a_real_judgement_is_written(judgement: Judgement, tmp_path: Path) -> None:
    report = write(judgement, tmp_path)
    assert judgement.candidate in report.html.read_text(encoding="utf-8")
