"""The container of the router has little, and is known by its options."""

from __future__ import annotations

from pathlib import Path

from tests.delivery.targets.docker.test_target import made


def test_it_is_published_on_loopback_and_reads_its_volume(home: Path) -> None:
    traefik = made(home).router.traefik
    options = traefik._options
    assert "--publish=127.0.0.1:7101:7101" in options
    assert [each for each in options if each.startswith("--volume=")] == [
        "--volume=delivery-staging-state:/state"
    ]
    for refused in ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"):
        assert refused in options
    assert "--providers.file.directory=/state/dynamic" in traefik._command()
    assert "--accesslog.filepath=/state/records/access.log" in traefik._command()


def test_another_environment_is_another_start(home: Path) -> None:
    one, same, other = (made(home, name).router for name in ("staging", "staging", "production"))
    assert one.traefik._digest == same.traefik._digest != other.traefik._digest


def test_one_that_was_never_started_is_not_running(home: Path) -> None:
    router = made(home).router
    assert not router.traefik.runs
    assert router.traefik.problem("") == "is not running"
    assert router.process.leader() is None
    assert router.problem() == "", "nothing was routed yet"
