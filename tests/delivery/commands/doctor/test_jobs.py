"""What jobs run as, on, and with."""

from __future__ import annotations

from delivery.commands.github import apply
from tests.delivery.commands.doctor.checked import found
from tests.github.governing import Governed

KEY = "DELIVERY_APP_KEY"


def test_an_app_needs_its_key_in_each_environment_and_nowhere_else(mended: Governed) -> None:
    assert "people merge rollbacks" in found(mended)["github app"].found
    mended.with_app()
    apply(mended.context, dry_run=False)
    for environment in ("store", "staging", "production"):
        check = found(mended)["github app"]
        assert not check.ok
        assert f"no key in the environment {environment}" in check.found
        mended.hub.secrets.add((environment, KEY))
    assert found(mended)["github app"].ok
    mended.hub.secrets.add(("", KEY))
    check = found(mended)["github app"]
    assert not check.ok
    assert "any branch can read it" in check.found


def test_a_store_that_no_job_can_write_to(mended: Governed) -> None:
    check = found(mended, "/srv/store")["store in jobs"]
    assert not check.ok
    assert "a folder that no runner" in check.found
    check = found(mended, "s3://bucket/store")["store in jobs"]
    assert not check.ok
    assert check.cure.startswith("`gh secret set DVC_CONFIG --env store")
    mended.hub.secrets.add(("store", "DVC_CONFIG"))
    assert found(mended, "s3://bucket/store")["store in jobs"].ok
    assert "GitHub Releases" in found(mended, None)["store in jobs"].found


def test_a_runner_that_is_offline(mended: Governed) -> None:
    assert "deployments rehearse" in found(mended)["runners"].found
    mended.hub.variables["DEPLOY_RUNNER"] = "box"
    runner = {"name": "box-1", "status": "offline", "labels": [{"name": "box"}]}
    mended.hub.runners.append(runner)
    check = found(mended)["runners"]
    assert not check.ok
    assert "Start `box-1`" in check.cure
    runner["status"] = "online"
    check = found(mended)["runners"]
    assert check.ok
    assert "rehearse" not in check.found
