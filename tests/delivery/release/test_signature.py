"""Who may sign, as people write it, and what a signature counts for when and where."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.gates.supply_chain.signature import judge
from delivery.release.signature import new_signature, released_signature, trusted_keys
from delivery.release.signing import sign
from delivery.settings.host import GitHub, Surroundings
from delivery.settings.policy import Settings, parse_settings
from delivery.state.record import record_path, signature_path
from delivery.trust.keys import own_key, own_public_key
from tests.delivery.place import World
from tests.origin import Origin

SETTINGS = """\
environments:
  staging: {target: {kind: local, port: 7101}}
trust:
  alice:
    key: keys/alice.pub
    environments: [staging]
    since: 2026-01-01
    until: 2026-12-31
    revoked: { at: 2026-06-01, why: laptop stolen }
"""


def read(text: str = SETTINGS) -> Settings:
    return parse_settings(text)


def test_dates_are_written_plainly() -> None:
    alice = read().trust["alice"]
    assert (alice.since, alice.until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert alice.revoked is not None
    assert alice.revoked.at == date(2026, 6, 1)


def test_nobody_is_trusted_by_default_and_bytes_are_promised() -> None:
    settings = read(SETTINGS.split("trust:")[0])
    assert settings.trust == {}
    assert settings.reproduce == "bytes"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("since: 2026-01-01", "since: tomorrow", r"trust\.alice\.since"),
        ("why: laptop stolen", "reason: x", r"trust\.alice\.revoked\.why"),
        ("environments: [staging]", "environment: staging", r"trust\.alice\.environment: unknown"),
        ("key: keys/alice.pub", "", r"trust\.alice\.key"),
    ],
)
def test_a_mistake_in_the_list_is_named(old: str, new: str, text: str) -> None:
    with pytest.raises(InputError, match=text):
        read(SETTINGS.replace(old, new))


def test_keys_are_texts_or_files_of_main(origin: Origin) -> None:
    key = own_public_key(os.environ, make=True)
    assert key is not None
    world = World(origin.path, lambda _: None)
    origin.push({"keys/alice.pub": key.pem, "delivery.yaml": SETTINGS})
    assert trusted_keys(world, world.snapshot()) == {"alice": key}
    inline = "".join(f"      {line}\n" for line in key.pem.splitlines())
    origin.push({"delivery.yaml": SETTINGS.replace("keys/alice.pub", "|\n" + inline)})
    assert trusted_keys(world, world.snapshot()) == {"alice": key}


def test_a_missing_file_and_a_key_under_two_names_are_named(origin: Origin) -> None:
    key = own_public_key(os.environ, make=True)
    assert key is not None
    world = World(origin.path, lambda _: None)
    origin.push({"delivery.yaml": SETTINGS})
    with pytest.raises(InputError, match=r"main has no file keys/alice\.pub"):
        trusted_keys(world, world.snapshot())
    twin = f"{SETTINGS}  bob: {{key: keys/alice.pub}}\n"
    origin.push({"keys/alice.pub": key.pem, "delivery.yaml": twin})
    with pytest.raises(InputError, match=r"trust\.alice and trust\.bob of delivery\.yaml"):
        trusted_keys(world, world.snapshot())


RELEASE = "r-111111111111"
TEXTS = {record_path(RELEASE): f"id: {RELEASE}\n"}


@pytest.fixture
def world(origin: Origin) -> World:
    """A release on main that nobody signed, its bento beside the checkout's files."""
    (origin.path / RELEASE).mkdir()
    (origin.path / RELEASE / "bento.yaml").write_text("name: x\n")
    origin.push({".gitignore": "/r-*\n", **TEXTS})
    return World(origin.path, lambda _: None)


def sign_on(origin: Origin, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this machine's signature on main at noon of a day."""
    key = own_key(os.environ, make=True)
    assert key is not None
    texts = {Path(path).name: text for path, text in TEXTS.items()}
    with monkeypatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", f"{day}T12:00:00+00:00")
        origin.push({signature_path(RELEASE): sign(RELEASE, origin.path / RELEASE, texts, key)})


@pytest.mark.parametrize(
    ("day", "status"), [("2026-12-31", "pass"), ("2027-01-01", "fail"), ("2025-12-31", "fail")]
)
def test_a_signature_is_of_the_day_on_which_it_came_to_main(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch, day: str, status: str
) -> None:
    """What comes to main later makes it neither older nor newer: a key that ended since does not
    take old releases with it, and one that began since gives them nothing."""
    key = own_public_key(os.environ, make=True)
    assert key is not None
    head, _, _ = SETTINGS.partition("    revoked:")
    sign_on(origin, day, monkeypatch)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2030-06-01T12:00:00+00:00")
    origin.push({"keys/alice.pub": key.pem, "delivery.yaml": head})
    evidence = released_signature(world, world.snapshot(), RELEASE, "staging")
    assert evidence.at == datetime.fromisoformat(f"{day}T12:00:00+00:00")
    assert judge(evidence).status == status


@pytest.mark.parametrize(("runner", "own"), [("self-hosted", True), ("github-hosted", False)])
def test_the_key_of_a_machine_that_ends_with_its_job_is_nobodys(
    origin: Origin, world: World, runner: str, own: bool
) -> None:
    github = GitHub("ada/flights", "https://github.com", "https://api.github.com", "", is_app=False)
    job = {"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": runner, "DEPLOY_RUNNER": "mine"}
    world.__dict__["surroundings"] = Surroundings({**os.environ, **job}, github)
    _, evidence = new_signature(world, world.snapshot(), origin.path / RELEASE, TEXTS)
    assert evidence.own is own
    assert judge(evidence).status == ("pass" if own else "hold")
