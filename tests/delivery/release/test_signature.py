"""The list of those who may sign, as people write it."""

from __future__ import annotations

import os
from datetime import date

import pytest

from delivery.errors import InputError
from delivery.release.signature import trusted_keys
from delivery.settings.policy import Settings, parse_settings
from delivery.trust.keys import own_public_key
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
