"""The route is a file in the volume; tests/images tries it with Traefik."""

from __future__ import annotations

import json
from pathlib import Path

from tests.delivery.targets.docker.test_target import made


def test_the_route_is_read_from_the_volume(home: Path) -> None:
    router = made(home).router
    assert dict(router.weights()) == {}
    assert router.split() is None
    assert not router.is_watched()
    route = {
        "routers": {},
        "middlewares": {},
        "services": {
            "route": {"weighted": {"services": [{"name": "r-1", "weight": 100}]}},
            "r-1": {"loadBalancer": {"servers": [{"url": "http://name:3000"}]}},
        },
    }
    (home / "state" / "dynamic").mkdir()
    (home / "state" / "dynamic" / "route.yml").write_text(json.dumps({"http": route}))
    assert dict(router.weights()) == {"r-1": 100}


def test_its_certificate_is_made_once(home: Path) -> None:
    router = made(home).router
    first = router._tls()
    key = (home / "state" / "tls" / "key.pem").read_text()
    assert router._tls() == first
    assert (home / "state" / "tls" / "key.pem").read_text() == key
    assert "/state/tls/key.pem" in json.dumps(first)
