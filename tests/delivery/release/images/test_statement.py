"""A statement is SLSA's provenance: read as it was written, and nothing else is one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import InputError
from delivery.image.reference import Reference
from delivery.release.images.statement import (
    Statement,
    claims,
    prefix,
    read_statement,
    sign_statement,
)
from delivery.trust.bundle import write_bundle
from delivery.trust.keys import own_key, public_half
from tests.origin import record

ID = "r-111111111111"
IMAGE = Reference("registry.example/team/online", f"sha256:{'a' * 64}")
BASE = Reference("registry.example/python", f"sha256:{'b' * 64}")
MADE = replace(
    Statement.about(IMAGE, f"sha256:{'c' * 64}", record(ID), BASE), builder="urn:somebody"
)


def test_it_is_read_as_it_was_written(pem: str) -> None:
    path, text = sign_statement(MADE, pem)
    read = read_statement(text, path)
    assert read.statement == MADE
    assert read.bundle.genuine(public_half(pem))
    assert MADE.claims == claims(ID, record(ID).bento_sha256, IMAGE.digest)


def test_each_image_and_each_signer_has_a_file(pem: str, tmp_path: Path) -> None:
    other = own_key({"XDG_DATA_HOME": str(tmp_path)}, make=True)
    assert other is not None
    rebuilt = replace(MADE, image=replace(IMAGE, digest=f"sha256:{'d' * 64}"))
    made = {sign_statement(each, key)[0] for each in (MADE, rebuilt) for key in (pem, other)}
    assert len(made) == 4
    assert all(path.startswith(prefix(ID)) for path in made)
    assert not any(path.startswith(prefix("r-111111111112")) for path in made)


def test_any_reader_of_in_toto_finds_subject_and_materials() -> None:
    content = json.loads(MADE.payload)
    assert content["_type"] == "https://in-toto.io/Statement/v1"
    assert content["predicateType"] == "https://slsa.dev/provenance/v1"
    assert content["subject"] == [{"name": IMAGE.name, "digest": {"sha256": "a" * 64}}]
    build, run = content["predicate"]["buildDefinition"], content["predicate"]["runDetails"]
    assert build["externalParameters"] == {"release": ID, "platform": "linux/amd64"}
    assert {item["name"] for item in build["resolvedDependencies"]} == {"base", "bento"}
    assert run["builder"] == {"id": "urn:somebody"}


def _changed(path: tuple[str | int, ...], value: object) -> bytes:
    content: Any = json.loads(MADE.payload)
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1"),
        (("predicateType",), "https://model_signing/signature/v1.0"),
        (("predicate", "buildDefinition", "buildType"), "urn:other"),
        (("predicate", "buildDefinition", "resolvedDependencies"), []),
        (("subject",), []),
        (("subject", 0, "digest"), {"sha512": "a" * 64}),
        (("subject", 0, "digest"), {"sha256": "latest"}),
        (("predicate", "runDetails", "byproducts"), []),
    ],
)
def test_another_statement_is_none_about_an_image(
    pem: str, path: tuple[str | int, ...], value: object
) -> None:
    """A signature over a release, by the same key, is one of them."""
    with pytest.raises(InputError, match=r"r-1\.image"):
        read_statement(write_bundle(_changed(path, value), pem), "r-1.image.a.b.json")
