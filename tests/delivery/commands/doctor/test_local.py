"""What a checkout lacks, and the command that mends it."""

from __future__ import annotations

import pytest

from delivery.commands.doctor import local, places
from delivery.commands.doctor.check import Check
from delivery.commands.doctor.local import doctor
from delivery.context import Context
from delivery.targets.protocol import Capabilities
from tests.delivery.commands.doctor.checked import Store
from tests.delivery.deployment.rolling import policy
from tests.delivery.place import Place
from tests.github.governing import Governed
from tests.origin import Origin


def test_github_is_looked_at_only_where_origin_is_there(
    mended: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.commands.doctor.local.require_in_step", lambda *_: None)

    def names() -> set[str]:
        context = mended.context
        vars(context)["store"] = Store()
        return {check.name for check in doctor(context).checks}

    assert "github rulesets" in names()
    mended.origin.git("remote", "set-url", "origin", str(mended.origin.bare))
    assert "origin" in names()
    assert not any(name.startswith("github") for name in names())


def checks(origin: Origin) -> dict[str, Check]:
    context = Context(origin.path, lambda _: None)
    vars(context)["store"] = Store("s3://models")
    return {check.name: check for check in doctor(context).checks}


def test_checks_come_in_the_order_in_which_things_are_mended(origin: Origin) -> None:
    every = checks(origin)
    assert list(every)[:5] == ["python", "tools", "git", "delivery.yaml", "origin"]
    assert every["environments"].found == "staging: none, production: none"
    assert not every["dvc.lock"].ok, "nothing was trained yet"


@pytest.mark.parametrize(
    ("name", "wrong", "cure"),
    [
        ("OLDEST", (9, 9), "make setup PYTHON=python3.12"),
        ("GIT", (99, 0), "Install git 99.0"),
    ],
)
def test_a_version_that_is_too_old_is_named(
    origin: Origin, monkeypatch: pytest.MonkeyPatch, name: str, wrong: object, cure: str
) -> None:
    monkeypatch.setattr(local, name, wrong)
    check = checks(origin)["python" if name == "OLDEST" else "git"]
    assert not check.ok
    assert cure in check.cure


def test_an_output_that_git_tracks_is_named(origin: Origin) -> None:
    origin.push({"artifacts/model.pkl": "x"})
    check = checks(origin)["outputs"]
    assert "git tracks artifacts/model.pkl" in check.found
    assert "git rm -r --cached artifacts" in check.cure


def test_a_port_that_somebody_else_has_is_named(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "taken", lambda port: port == 7101)
    monkeypatch.setattr(places, "holder", lambda _: " by nc (1)")
    every = checks(origin)
    assert "staging wants it and it is taken by nc (1)" in every["port 7101"].found
    assert every["port 7102"].ok


def test_what_the_target_of_a_rollout_can_do_is_told(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(name.startswith("rollout") for name in checks(origin))
    origin.push({"delivery.yaml": policy()}, "Roll out by a canary")
    check = checks(origin)["rollout production"]
    assert (check.ok, check.cure) == (True, "")
    place = Place("production", capabilities=Capabilities(lasting=True))
    monkeypatch.setattr(Context, "target", lambda *_: place.target)
    check = checks(origin)["rollout production"]
    assert not check.ok
    assert "needs shares, sticky, records" in check.found
    assert check.cure.startswith("`rollout: at_once`")
