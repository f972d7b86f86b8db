"""What jobs run as, and with."""

from __future__ import annotations

from delivery.commands.github.settings import apply
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


def test_an_app_has_no_safe_place_for_its_key_where_environments_have_no_secrets(
    mended: Governed,
) -> None:
    mended.with_app()
    mended.hub.subscribe("free")
    check = found(mended)["github app"]
    assert not check.ok
    assert "no safe place for its key" in check.found


def test_where_environments_have_no_secrets_the_repository_has_the_stores(
    mended: Governed,
) -> None:
    mended.hub.subscribe("free")
    check = found(mended, "s3://bucket/store")["store in jobs"]
    assert check.cure.startswith("`gh secret set DVC_CONFIG <")
    mended.hub.secrets.add(("", "DVC_CONFIG"))
    assert "every branch can read" in found(mended, "s3://bucket/store")["store in jobs"].found
