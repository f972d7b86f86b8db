"""The active gates, asked at a real server."""

from __future__ import annotations

from delivery.bento.bento import Bento
from delivery.bento.server import serving
from delivery.evidence.live import Live
from delivery.gates.verdict import blocking
from delivery.judgement.active import judge_live
from tests.delivery.bentos import POLICY, Bench


def test_what_is_live_is_who_it_should_be(better: Bento, champion: Bento, bench: Bench) -> None:
    with serving(better.path, better.id, bench.workspace) as url:
        live = judge_live(Live(url, better, champion, POLICY, lambda _: None))
        assert [verdict.gate for verdict in live.verdicts] == [
            "smoke", "parity", "contract", "security", "load",
        ]  # fmt: skip
        assert not blocking(live.verdicts)
        # The same server, asked as if the champion should be there.
        wrong = judge_live(Live(url, champion, None, POLICY, lambda _: None))
    status = {verdict.gate: verdict.status for verdict in wrong.verdicts}
    assert status == {
        "smoke": "fail", "parity": "fail", "contract": "pass", "security": "pass", "load": "hold",
    }  # fmt: skip


def test_nobody_there_holds(better: Bento, bench: Bench) -> None:
    live = judge_live(Live("http://127.0.0.1:9", better, None, POLICY, lambda _: None))
    assert {verdict.gate: verdict.status for verdict in live.verdicts} == {
        "smoke": "hold", "parity": "hold", "contract": "pass", "security": "hold", "load": "hold",
    }  # fmt: skip


def test_where_no_service_runs_the_examples_are_scored_as_a_file(
    better: Bento, champion: Bento, bench: Bench
) -> None:
    live = Live("", better, champion, POLICY, lambda _: None, envs=bench.workspace / "envs")
    assert {verdict.gate: verdict.status for verdict in judge_live(live).verdicts} == {
        "parity": "pass", "contract": "pass",
    }  # fmt: skip
