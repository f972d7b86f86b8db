"""The pods that divide clients, as objects of a cluster in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.manifests.objects import PART
from delivery.targets.kubernetes.dividing import dividing
from delivery.targets.kubernetes.dividing.dividing import Dividing
from tests.delivery.targets.kubernetes.memory import Memory

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "divider", "labels": {PART: "divider"}},
    "spec": {"replicas": 2},
}


def made(memory: Memory) -> Dividing:
    return Dividing(memory, lambda: [DEPLOYMENT], Path())  # type: ignore[arg-type]


def ready(count: int) -> dict[str, int]:
    return {"observedGeneration": 1, **dict.fromkeys(("replicas", "updatedReplicas"), 2),
            "readyReplicas": count}  # fmt: skip


def test_they_are_there_once_all_are_ready_and_gone_after_the_end() -> None:
    memory = Memory(status=lambda _: ready(2))
    made(memory).start()
    assert memory.objects.keys() == {("Deployment", "divider")}
    made(memory).end()
    assert not memory.objects


def test_one_that_does_not_get_ready_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dividing, "READY", 0.05)
    monkeypatch.setattr(dividing, "POLL", 0.01)
    with pytest.raises(TargetError, match="the pods that divide clients do not get ready"):
        made(Memory(status=lambda _: ready(1))).start()


def test_where_nobody_answers_nobody_watches() -> None:
    assert not made(Memory()).is_watched("http://127.0.0.1:1")
