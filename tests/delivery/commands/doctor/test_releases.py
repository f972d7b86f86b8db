"""Who reads and who changes the bytes that GitHub Releases keep."""

from __future__ import annotations

import pytest

from tests.delivery.commands.doctor.checked import found
from tests.github.governing import Governed


@pytest.mark.parametrize(("private", "ok"), [(True, True), (False, False)])
def test_a_public_repository_publishes_the_training_data(
    mended: Governed, private: bool, ok: bool
) -> None:
    mended.hub.settings["private"] = private
    del mended.hub.variables["PUBLIC_STORE"]
    check = found(mended, None)["who reads the data"]
    assert check.ok == ok
    assert ("EVERYBODY" in check.found) == (not ok)


def test_whoever_means_it_says_so(mended: Governed) -> None:
    mended.hub.subscribe("public")
    check = found(mended, None)["who reads the data"]
    assert check.ok
    assert check.found.startswith("EVERYBODY")


def test_immutability_is_recommended_and_seen(mended: Governed) -> None:
    check = found(mended, None)["immutable releases"]
    assert check.ok
    assert "Enable release immutability" in check.found
    mended.hub.immutable = True
    assert found(mended, None)["immutable releases"].found.startswith("on")


def test_a_dvc_remote_is_no_business_of_githubs(mended: Governed) -> None:
    names = found(mended, "s3://bucket/store").keys()
    assert names.isdisjoint({"who reads the data", "immutable releases"})
