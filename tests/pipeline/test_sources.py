"""The stage sources: what it writes down, and what it says at every run."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.data.io import SOURCES
from pipeline.errors import PipelineError
from pipeline.sources import sources, sources_md5
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]
RATES = "postgresql://host/rates"


def written() -> dict[str, str | None]:
    content: dict[str, str | None] = json.loads(SOURCES.read_text(encoding="utf-8"))
    return content


def test_each_source_is_written_down_by_its_name(workspace: Make) -> None:
    place = workspace()
    (place.path / "table.csv").write_text("a\n1\n")
    known = ["table.csv", {"address": RATES, "version": "7"}]
    said = sources(place.settings(data__sources=known))
    assert said == "sources: 2 of 2 tracked"
    assert written().keys() == {"table.csv", RATES}
    assert written()[RATES] == "7"


def test_what_cannot_be_tracked_is_said_and_always_the_same(workspace: Make) -> None:
    settings = workspace().settings(data__sources=[RATES])
    said = sources(settings)
    assert "0 of 1 tracked" in said
    assert f"{RATES} cannot be tracked" in said
    assert "dvc repro --force ingest" in said
    assert written() == {RATES: None}


def test_no_source_at_all_is_said(workspace: Make) -> None:
    assert "none is named in data.sources" in sources(workspace().settings())
    assert written() == {}


def test_the_hash_of_what_would_be_written_needs_no_writing(workspace: Make) -> None:
    settings = workspace().settings(data__sources=[{"address": RATES, "version": "7"}])
    told = sources_md5(settings)
    assert not SOURCES.exists()
    sources(settings)
    assert told == hashlib.md5(SOURCES.read_bytes()).hexdigest()


class Answer(BaseHTTPRequestHandler):
    """A web server of one file, with or without an etag."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        if self.path == "/tagged":
            self.send_header("ETag", 'W/"new"')
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_web_server_is_asked_whether_the_etag_still_holds(workspace: Make, server: str) -> None:
    place = workspace()
    for etag in ("new", '"new"'):
        place.run("sources", data__sources=[{"address": f"{server}/tagged", "etag": etag}])
    assert written() == {f"{server}/tagged": '"new"'}


@pytest.mark.parametrize(
    ("path", "told"),
    [("/tagged", 'has the etag W/"new".* says old'), ("/untagged", "has the etag None")],
)
def test_another_etag_stops_the_run(workspace: Make, server: str, path: str, told: str) -> None:
    with pytest.raises(PipelineError, match=told):
        workspace().run("sources", data__sources=[{"address": server + path, "etag": "old"}])
    assert not SOURCES.exists()


def test_a_server_that_does_not_answer_stops_the_run(workspace: Make) -> None:
    closed = {"address": "http://127.0.0.1:9/x", "etag": "old"}
    with pytest.raises(PipelineError, match=r"cannot be asked for its etag.*dvc repro"):
        workspace().run("sources", data__sources=[closed])


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"address": RATES, "etag": "1"}, "only a web server has etags"),
        ({"address": "https://x", "etag": "1", "version": "1"}, "not both"),
        ({"adress": RATES}, "unknown key"),
    ],
)
def test_a_source_that_is_none(workspace: Make, source: object, told: str) -> None:
    with pytest.raises(PipelineError, match=told):
        workspace().settings(data__sources=[source])
