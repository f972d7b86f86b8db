"""What an instance is told about the machine that it runs on."""

from __future__ import annotations

import pytest

from serving.settings.host import DRAIN, read_host
from serving.settings.service import read_start
from serving.strict import DocumentError


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, DRAIN),
        ({"SERVING_ENVIRONMENT": "local"}, 0.0),
        ({"SERVING_ENVIRONMENT": "local", "SERVING_DRAIN_SECONDS": "2.5"}, 2.5),
        ({"SERVING_DRAIN_SECONDS": "0"}, 0.0),
        ({"SERVING_DRAIN_SECONDS": "600"}, 600.0),
    ],
)
def test_the_place_says_how_long_to_go_on(environ: dict[str, str], seconds: float) -> None:
    assert read_host(environ).drain_seconds == seconds


@pytest.mark.parametrize("text", ["-1", "601", "soon", "nan", "inf"])
def test_a_time_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(DocumentError, match="expected 0 to 600 seconds"):
        read_host({"SERVING_DRAIN_SECONDS": text})


def test_a_place_is_local_only_by_its_exact_name() -> None:
    assert read_start({"SERVING_ENVIRONMENT": "local"}).host.local
    assert not read_start({"SERVING_ENVIRONMENT": "Local"}).host.local
    assert not read_start({}).host.local
