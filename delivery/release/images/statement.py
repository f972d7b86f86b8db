"""What somebody who may sign says of an image: of which release, on which base, made where.

    releases/<id>.image.<digest>.<key>.json     16 digits of the image's digest, 8 of the key's id

Written once, never changed: another image, or another who vouches for it, has a file of its own.
The statement is SLSA's provenance in an in-toto statement, in the bundle that releases have too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from delivery.documents import canonical
from delivery.errors import InputError
from delivery.image.reference import Reference
from delivery.state.record import FOLDER, Record
from delivery.trust.bundle import Bundle, read_bundle, write_bundle
from delivery.trust.keys import public_half

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:model-delivery:image:1"  # base, wheels of the lock, bento: delivery/image/build.py
PLATFORM = "linux/amd64"
SHA256 = "sha256:"


@dataclass(frozen=True, slots=True)
class Statement:
    """`image` carries `release`, whose bento has the content hash `bento_sha256`, on `base`.
    `config` is the digest of its configuration, which two builds share. `builder` says who made it
    where, as a URI."""

    image: Reference
    config: str
    release: str
    bento_sha256: str
    base: Reference
    platform: str
    builder: str

    @classmethod
    def about(cls, image: Reference, config: str, record: Record, base: Reference) -> Statement:
        """Of the release of `record`; who builds is said later."""
        return cls(image, config, record.id, record.bento_sha256, base, PLATFORM, "")

    def by(self, builder: str) -> Statement:
        """With who made it."""
        return replace(self, builder=builder)

    @property
    def claims(self) -> Mapping[str, str]:
        """What a deployment holds it to."""
        return claims(self.release, self.bento_sha256, self.image.digest)

    @property
    def payload(self) -> bytes:
        """The in-toto statement as canonical JSON."""
        content = {
            "_type": STATEMENT,
            "subject": [{"name": self.image.name, "digest": _digest(self.image.digest)}],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD,
                    "externalParameters": {"release": self.release, "platform": self.platform},
                    "resolvedDependencies": [
                        {
                            "name": "base",
                            "uri": self.base.name,
                            "digest": _digest(self.base.digest),
                        },
                        {"name": "bento", "digest": {"sha256": self.bento_sha256}},
                    ],
                },
                "runDetails": {
                    "builder": {"id": self.builder},
                    "byproducts": [{"name": "configuration", "digest": _digest(self.config)}],
                },
            },
        }
        return canonical(content)


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A file as it was read. Nothing of it holds before its bundle is genuine."""

    bundle: Bundle
    statement: Statement


def claims(release: str, bento_sha256: str, digest: str) -> Mapping[str, str]:
    """What has to be signed of an image, by name."""
    return {"the image": digest, "the release": release, "the bento": bento_sha256}


def sign_statement(statement: Statement, pem: str) -> tuple[str, str]:
    """The path of the file and its text, by a private key as PEM."""
    digest, key = statement.image.digest.removeprefix(SHA256), public_half(pem).id
    path = f"{prefix(statement.release)}{digest[:16]}.{key[:8]}.json"
    return path, write_bundle(statement.payload, pem)


def prefix(release: str) -> str:
    """What the paths of all statements on a release begin with."""
    return f"{FOLDER}/{release}.image."


def read_statement(text: str, source: str) -> SignedStatement:
    """The inverse of `sign_statement`. InputError for anything else."""
    bundle = read_bundle(text, source)
    return SignedStatement(bundle, parse_statement(bundle.payload, source))


def parse_statement(payload: bytes, source: str) -> Statement:
    """The inverse of `Statement.payload`. InputError for anything else."""
    try:
        return _statement(json.loads(payload), source)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{source} is no provenance of an image ({error!r})") from error


def _statement(content: Mapping[str, Any], source: str) -> Statement:
    if (content["_type"], content["predicateType"]) != (STATEMENT, PREDICATE):
        raise ValueError(content["predicateType"])
    (subject,) = content["subject"]
    build, run = (content["predicate"][name] for name in ("buildDefinition", "runDetails"))
    if build["buildType"] != BUILD:
        raise ValueError(build["buildType"])
    made_of = {item["name"]: item for item in build["resolvedDependencies"]}
    (config,) = run["byproducts"]
    return Statement(
        _reference(subject["name"], subject, source),
        f"{SHA256}{config['digest']['sha256']}",
        str(build["externalParameters"]["release"]),
        str(made_of["bento"]["digest"]["sha256"]),
        _reference(made_of["base"]["uri"], made_of["base"], source),
        str(build["externalParameters"]["platform"]),
        str(run["builder"]["id"]),
    )


def _digest(digest: str) -> Mapping[str, str]:
    return {"sha256": digest.removeprefix(SHA256)}


def _reference(name: str, item: Mapping[str, Any], source: str) -> Reference:
    return Reference.parse(f"{name}@{SHA256}{item['digest']['sha256']}", source)
