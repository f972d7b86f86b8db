"""`delivery reproduce` without a release: what is in production, where anything is."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from delivery.cli import main as cli
from delivery.commands import reproduce as command
from delivery.commands.reproduce import reproduce
from delivery.errors import InputError
from tests.delivery.place import World
from tests.origin import Origin

ONE = "r-111111111111"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(origin.path)
    own = "delivery.cli.options.require_own_checkout"
    monkeypatch.setattr(own, lambda _: None)  # it holds no code
    return World(origin.path, lambda _: None)


def test_nothing_in_production_is_nothing_to_do(world: World) -> None:
    assert reproduce(world, None).verdict is None
    done = CliRunner().invoke(cli.cli, ["reproduce"])
    assert done.exit_code == 0
    assert "no release is in production" in done.stdout


def test_what_production_wants_is_made_anew(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Remade(Exception):  # noqa: N818 - it ends the command where the work would begin
        pass

    def remake(*arguments: object) -> None:
        raise Remade(arguments[2].id)  # type: ignore[attr-defined]

    origin.promote("production", ONE)
    monkeypatch.setattr(command, "remake", remake)
    with pytest.raises(Remade, match=ONE):
        reproduce(world, None)


def test_a_release_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match=ONE):
        reproduce(world, ONE)
