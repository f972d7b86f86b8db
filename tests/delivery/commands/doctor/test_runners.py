"""Where jobs run: set-ups that would wait, leak, or count for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.delivery.commands.doctor.checked import found
from tests.github.governing import Governed

SIGNING, EVENT = "DELIVERY_SIGNING_KEY", "DELIVERY_EVENT_KEY"


def agent(world: Governed, label: str, status: str = "online") -> dict[str, Any]:
    """Register one with a label."""
    number = len(world.hub.runners) + 1
    made = {"name": f"{label}-{number}", "status": status, "labels": [{"name": label}]}
    world.hub.runners.append(made)
    return made


def set_variables(world: Governed, **variables: str) -> None:
    world.hub.variables |= variables


def test_a_runner_that_is_offline(mended: Governed) -> None:
    assert "deployments rehearse" in found(mended)["runners"].found
    set_variables(mended, DEPLOY_RUNNER="box")
    runner = agent(mended, "box", "offline")
    check = found(mended)["runners"]
    assert not check.ok
    assert "Start `box-1`" in check.cure
    assert "Settings → Secrets and variables → Actions → Variables" in check.cure
    runner["status"] = "online"
    check = found(mended)["runners"]
    assert check.ok
    assert "rehearse" not in check.found


def test_one_agent_lets_a_rollback_wait(mended: Governed) -> None:
    set_variables(mended, DEPLOY_RUNNER="box")
    agent(mended, "box")
    assert "a rollback waits for the transition" in found(mended)["runners"].found
    agent(mended, "way-back")
    set_variables(mended, ROLLBACK_RUNNER="way-back", DEPLOY_RUNNER_STAGING="box")
    check = found(mended)["runners"]
    assert "waits" not in check.found
    assert "ROLLBACK_RUNNER is way-back; DEPLOY_RUNNER_STAGING is box" in check.found


@pytest.mark.parametrize("name", ["ROLLBACK_RUNNER", "DEPLOY_RUNNER_PRODUCTION"])
def test_a_runner_beside_none_counts_for_nothing(mended: Governed, name: str) -> None:
    set_variables(mended, **{name: "box"})
    check = found(mended)["runners"]
    assert not check.ok
    assert f"{name} is set and DEPLOY_RUNNER is not" in check.found


def test_branches_train_where_nothing_may_be_written(mended: Governed) -> None:
    set_variables(mended, TRAIN_RUNNER="box", DEPLOY_RUNNER="box")
    check = found(mended)["runners"]
    assert not check.ok
    assert "TRAIN_RUNNER and DEPLOY_RUNNER are both box" in check.found
    set_variables(mended, TRAIN_RUNNER="gpu")
    assert found(mended)["runners"].ok


def test_a_runner_of_ones_own_in_a_public_repository_is_open_to_strangers(
    mended: Governed,
) -> None:
    set_variables(mended, DEPLOY_RUNNER="box")
    assert found(mended)["runners"].ok
    mended.hub.subscribe("public")
    check = found(mended)["runners"]
    assert not check.ok
    assert "pull request of any stranger" in check.found
    set_variables(mended, DEPLOY_RUNNER="ubuntu-24.04-arm")
    assert found(mended)["runners"].ok


def test_what_jobs_sign_counts_on_the_runner_only_with_keys(mended: Governed) -> None:
    assert "rehearsals accept" in found(mended)["keys of jobs"].found
    set_variables(mended, DEPLOY_RUNNER="box")
    missing = [("store", SIGNING), *((name, EVENT) for name in ("store", "staging", "production"))]
    for environment, secret in missing:
        check = found(mended)["keys of jobs"]
        assert not check.ok
        assert f"the environment {environment} has no {secret}" in check.found
        mended.hub.secrets.add((environment, secret))
    assert found(mended)["keys of jobs"].ok


def test_where_environments_keep_no_secret_the_repositorys_keys_count(mended: Governed) -> None:
    set_variables(mended, DEPLOY_RUNNER="box")
    mended.hub.subscribe("free")
    assert not found(mended)["keys of jobs"].ok
    mended.hub.secrets |= {("", SIGNING), ("", EVENT)}
    assert found(mended)["keys of jobs"].ok
