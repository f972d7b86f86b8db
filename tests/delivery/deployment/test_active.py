"""What the active gates are asked about a release that runs, and whose reasons count."""

from __future__ import annotations

import pytest

from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.deployment.active import judge_running
from delivery.evidence.live import Live
from delivery.gates.judgement import Judgement
from delivery.state.evidence_file import EvidenceFile
from delivery.state.snapshot import Snapshot
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.place import World, judgement
from tests.origin import Origin


@pytest.mark.parametrize("rolls_back", [False, True])
def test_a_rollback_is_not_put_under_load_again(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch, rolls_back: bool
) -> None:
    seen = []

    def judge_live(live: Live) -> Judgement:
        seen.append(live.under_load)
        return judgement("pass")()  # type: ignore[no-any-return]

    monkeypatch.setattr(active, "judge_live", judge_live)
    origin.promote(ENV, ONE)
    deploy(world, ENV, budget=60)
    if rolls_back:
        origin.want(ENV, ONE, of=TWO)
        deploy(world, ENV, budget=60)
    assert seen == ([True, False] if rolls_back else [True])


def test_a_reason_given_with_the_attempt_stands_beside_its_verdict(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(active, "judge_live", judgement("fail", gate="load"))
    origin.promote(ENV, ONE)
    written = EvidenceFile(release=ONE, overrides={"load": "urgent"})
    monkeypatch.setattr(Snapshot, "evidence", lambda *_: written)
    snapshot = world.snapshot()
    (verdict,) = judge_running(world, snapshot, snapshot.attempt(ENV), "http://x").verdicts
    assert (verdict.status, verdict.override) == ("fail", "urgent")
