"""Productions that roll out by a canary, with verdicts on the traffic that a test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest

from delivery.deployment import active
from delivery.deployment.rollouts import comparison, watching
from delivery.gates.rollout import canary
from delivery.gates.rollout.decision import EXPOSURE, inconclusive
from delivery.gates.rollout.observations.pairs import Question
from delivery.gates.verdict import Verdict
from tests.checkout import POLICY
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up
from tests.delivery.place import World, judgement
from tests.origin import Origin

Says = Literal["go", "wait", "stop", "hold"]
VERDICTS = {
    "go": Verdict("rollout_errors", "pass", "m", "r", "w"),
    "wait": inconclusive(EXPOSURE, "m", "r", "300 are missing", 300),
    "stop": Verdict("rollout_errors", "fail", "7% fail", "r", "it fails more"),
    "hold": Verdict("sample_ratio", "hold", "m", "r", "50% instead of 5%"),
}


@dataclass
class Traffic:
    """What the rollout gates say: `says` first to last, and the last of them for ever."""

    says: list[Says] = field(default_factory=lambda: ["go"])
    judged: list[int] = field(default_factory=list)  # in which steps

    def judge(self, _: object, __: object, *, step: int, attempt: str) -> Sequence[Verdict]:
        self.judged.append(step)
        says = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        return (VERDICTS[says],)


def judged_by(patch: pytest.MonkeyPatch) -> Traffic:
    """Active gates that pass, and rollout gates that say what a test wants."""
    made = Traffic()
    patch.setattr(active, "judge_live", judgement("pass"))
    patch.setattr(canary, "judge", made.judge)
    patch.setattr(watching, "POLL", 0.001)
    return made


def shadowed_by(patch: pytest.MonkeyPatch) -> Traffic:
    """Shadows that ask nobody, and verdicts on them that say what a test wants."""
    made = Traffic()

    def say(*_: object) -> Sequence[Verdict]:
        return (VERDICTS[made.says.pop(0) if len(made.says) > 1 else made.says[0]],)

    patch.setattr(comparison, "verdicts_on", say)
    patch.setattr(comparison, "question_of", lambda *_, **__: Question())
    patch.setattr(comparison.Comparison, "go_on", lambda _: None)
    return made


def policy(rollout: str = "canary") -> str:
    """The policy of these tests, with a rollout in production."""
    text = POLICY.read_text(encoding="utf-8")
    port = "target: { kind: local, port: 7102 }"
    assert port in text
    return text.replace(port, f"{port}\n    rollout: {rollout}")


def merged(origin: Origin, world: World, rollout: str = "canary") -> str:
    """ONE is live, and the promotion of TWO is merged. Returns the attempt."""
    bring_up(origin, world, ONE)
    origin.git("fetch", "--quiet", "origin")
    origin.git("reset", "--quiet", "--hard", "origin/main")
    origin.push({"delivery.yaml": policy(rollout)}, "Roll out by a canary")
    return origin.promote(ENV, TWO, ONE)


def kinds(world: World, age: int = 0) -> list[str]:
    """The events of the newest attempt, or of an older one."""
    return [event.kind for event in world.snapshot().history(ENV).attempts[age].events]
