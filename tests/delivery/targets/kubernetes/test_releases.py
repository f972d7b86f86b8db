"""How releases stand, as their objects tell."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.targets.kubernetes.releases import APPLIED, View

ONE = "r-111111111111"
LABELS = {"delivery/part": "release", "delivery/release": ONE}
UP = {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "readyReplicas": 2}


def deployment(status: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"name": ONE, "labels": LABELS, "generation": 2, **more}
    return {
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": 2},
        "status": status,
    }


@pytest.mark.parametrize(
    ("change", "whole"),
    [
        ({}, True),
        ({"readyReplicas": 1}, False),
        ({"observedGeneration": 1}, False),  # its controller has not seen the last change
        ({"updatedReplicas": 1}, False),
        ({"replicas": 3}, False),  # pods of before still end
    ],
)
def test_a_release_is_whole_once_all_its_pods_are_new_and_ready(
    change: dict[str, int], whole: bool
) -> None:
    standing = View([deployment(UP | change)]).standing[ONE]
    assert standing.whole is whole


def test_one_without_pods_is_not_whole() -> None:
    nothing = deployment({"observedGeneration": 2})
    nothing["spec"]["replicas"] = 0
    assert not View([nothing]).standing[ONE].whole


def test_only_what_belongs_to_a_release_counts() -> None:
    other = deployment(UP)
    other["metadata"] = other["metadata"] | {"labels": {"app.kubernetes.io/name": "model"}}
    assert View([other]).standing == {}


@pytest.mark.parametrize("text", [None, "{", "3"])
def test_a_note_that_cannot_be_read_says_nothing(text: str | None) -> None:
    notes = {} if text is None else {APPLIED: text}
    view = View([deployment(UP, annotations=notes)])
    assert list(view.applied(ONE)) == []
    assert view.changed(ONE) == "does not say what was applied for it"


def test_a_pod_of_another_release_is_no_trouble() -> None:
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "x", "labels": {"delivery/release": "r-222222222222"}},
        "status": {"containerStatuses": [waiting]},
    }
    assert View([deployment(UP), pod]).standing[ONE].stuck == ""
    pod["metadata"] = {"name": "x", "labels": LABELS}
    assert View([deployment(UP), pod]).standing[ONE].stuck == "CrashLoopBackOff"
