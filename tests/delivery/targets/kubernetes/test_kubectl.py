"""kubectl is called with objects, and what it refuses is said in words that lead on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.errors import DeliveryError, HeldError, TargetError
from delivery.targets.kubernetes import kubectl as module
from delivery.targets.kubernetes.kubectl import ConflictError, Kubectl, UnreachableError

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
HERE = Kubectl("prod", "model-staging")
Says = Callable[..., Path]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """A kubectl that notes how it was called, and says what it is told to."""

    def make(stdout: str = "", stderr: str = "", code: int = 0) -> Path:
        (tmp_path / "out").write_text(stdout)
        (tmp_path / "err").write_text(stderr)
        script = tmp_path / "kubectl"
        script.write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncat > {tmp_path}/in\n'
            f"cat {tmp_path}/out\ncat {tmp_path}/err >&2\nexit {code}\n"
        )
        script.chmod(0o755)
        return tmp_path

    monkeypatch.setattr(module, "program", lambda name: str(tmp_path / name))
    return make


def test_an_object_is_asked_for_in_its_place(says: Says) -> None:
    folder = says(json.dumps(POD))
    assert HERE.get("pod", "x") == POD
    call = (folder / "calls").read_text()
    assert "get pod x" in call
    assert "--namespace=model-staging" in call
    assert "--context=prod" in call
    says("")
    assert HERE.get("pod", "x") is None


def test_without_a_context_the_current_one_counts(says: Says) -> None:
    folder = says(json.dumps({"items": [POD]}))
    assert Kubectl("", "x").find("pods", "a=b") == [POD]
    assert "--context" not in (folder / "calls").read_text()


def test_objects_are_applied_by_their_own_manager(says: Says) -> None:
    folder = says()
    HERE.apply([POD, POD])
    assert json.loads((folder / "in").read_text())["items"] == [POD, POD]
    call = (folder / "calls").read_text()
    for option in ("--server-side", "--force-conflicts", "--field-manager=delivery"):
        assert option in call
    HERE.try_out([POD])
    last = (folder / "calls").read_text().splitlines()[-1]
    assert "--dry-run=server" in last
    assert "--force-conflicts" not in last


@pytest.mark.parametrize(
    ("said", "error", "told"),
    [
        ('Error from server (Forbidden): User "x" cannot get resource "leases"',
         HeldError, "`delivery` may not do this"),
        ('Error from server (Forbidden): pods "x" is forbidden: exceeded quota: model',
         HeldError, "its quota is full"),
        ('Error from server (NotFound): namespaces "model-staging" not found',
         HeldError, "its namespace is not there"),
        ('error: the server doesn\'t have a resource type "httproutes" in group "g"',
         HeldError, "Install the resources of the Gateway API"),
        ('error: context "prod" does not exist', HeldError, "kubectl config get-contexts"),
        ("error: You must be logged in to the server", HeldError, "`delivery` may not do this"),
        ("The connection to the server x was refused", UnreachableError, "Run this again"),
        ("Error from server (Conflict): the object has been modified", ConflictError, "modified"),
        ("Error from server (AlreadyExists): leases exists", ConflictError, "exists"),
        ("error: something new", TargetError, "of prod: kubectl get: error: something"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do(
    says: Says, said: str, error: type[DeliveryError], told: str
) -> None:
    says(stderr=said, code=1)
    with pytest.raises(error, match=told.replace("`", ".")) as caught:
        HERE.get("lease", "delivery")
    assert type(caught.value) is error


def test_one_that_hangs_is_given_up(
    says: Says, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says()
    (tmp_path / "kubectl").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(UnreachableError, match="no answer within"):
        HERE._ask("get", "pods", limit=0.2)


def test_delete_waits_for_the_end(says: Says) -> None:
    folder = says()
    HERE.delete("deployments", "delivery/release=r-1", 120)
    call = (folder / "calls").read_text()
    assert "--cascade=foreground" in call
    assert "--timeout=120s" in call
    assert "--request-timeout" not in call
