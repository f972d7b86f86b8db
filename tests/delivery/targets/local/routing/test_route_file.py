"""A route is read back from its file, and a file that is damaged is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from delivery.targets.local.routing.configuration import configuration
from delivery.targets.local.routing.route_file import RouteFile

ADDRESSES = {"r-one": "http://127.0.0.1:1"}


@pytest.fixture
def route(tmp_path: Path) -> RouteFile:
    return RouteFile(tmp_path / "route.yml")


def put(route: RouteFile, http: Any) -> None:
    route.path.write_text(json.dumps({"http": http}))


def test_what_was_written_is_read_back(route: RouteFile) -> None:
    http, version = configuration({"r-one": 90, "r-two": 10}, ADDRESSES)
    put(route, http)
    assert route.readable
    assert route.weights() == {"r-one": 90, "r-two": 10}
    assert route.addresses() == {"r-one": "http://127.0.0.1:1", "r-two": ""}
    assert route.version() == version


def test_one_of_an_older_delivery_says_no_version(route: RouteFile) -> None:
    http = dict(configuration({"r-one": 100}, ADDRESSES)[0])
    http["routers"] = {name: http["routers"][name] for name in ("clients", "probe")}
    put(route, http)
    assert (route.readable, route.version()) == (True, "")
    assert route.weights() == {"r-one": 100}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"http": {}}', '{"http": 7}', '{"http": {"services": {}}}']
)
def test_a_damaged_one_is_none(route: RouteFile, content: str) -> None:
    route.path.write_text(content)
    assert (route.readable, route.weights(), route.addresses()) == (False, {}, {})


def test_one_that_is_not_there_is_none(route: RouteFile) -> None:
    assert not route.readable
