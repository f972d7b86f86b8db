"""This machine's key: made once, shown by its public half."""

from __future__ import annotations

import pytest

from delivery.commands.key import key
from delivery.context import Context
from delivery.settings.host import Surroundings
from delivery.trust.keys import Role
from tests.origin import Origin


def context(origin: Origin, environ: dict[str, str], told: list[str]) -> Context:
    made = Context(origin.path, told.append)
    vars(made)["surroundings"] = Surroundings(environ)
    return made


def test_the_key_is_made_once(origin: Origin) -> None:
    told: list[str] = []
    environ = {"XDG_DATA_HOME": str(origin.path / "home")}
    first, second = (key(context(origin, environ, told)) for _ in range(2))
    assert first == second
    assert first.where.startswith(environ["XDG_DATA_HOME"])
    assert told == [f"the private half: {first.where}"] * 2


def test_a_key_of_the_environment_is_named_by_its_variable(origin: Origin) -> None:
    home = {"XDG_DATA_HOME": str(origin.path / "home")}
    own = key(context(origin, home, []))
    environ = {Role.RELEASES.variable: own.where}
    assert key(context(origin, environ, [])).where == Role.RELEASES.variable
    assert key(context(origin, environ, [])).id == own.id


@pytest.mark.parametrize("name", ["me", "ada"])
def test_the_lines_name_whose_key_it_is(origin: Origin, name: str) -> None:
    result = key(context(origin, {"XDG_DATA_HOME": str(origin.path / "home")}, []))
    head, *rest = result.lines(name).splitlines()[1:]
    assert head == f"  {name}:"
    assert all(line.startswith("    ") for line in rest)
