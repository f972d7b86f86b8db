"""The keys that sign releases and events: this machine's own, and the public ones of others.

A machine's own keys are made when it first signs, outside every checkout, readable by their owner
alone: one for releases and another for events, so that revoking one does not void the other.
Where nobody logs in (CI), a variable brings the key. A key is known by its id: the sha256 of its
public half as PEM, which is what model-signing writes into a signature.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from delivery.errors import InputError

FOLDER = "model-delivery"
CURVES = ("secp256r1", "secp384r1", "secp521r1")  # what model-signing takes
SHOWN = 12  # digits of a key id that people get to see


Duty = Literal["releases", "events", "trainings"]


class Role(Enum):
    """What one of this machine's keys signs, the variable that brings it, and its file."""

    RELEASES = "releases", "DELIVERY_SIGNING_KEY", "signing.pem"
    EVENTS = "events", "DELIVERY_EVENT_KEY", "events.pem"

    @property
    def duty(self) -> Duty:
        return self.value[0]

    @property
    def variable(self) -> str:
        return self.value[1]

    @property
    def file(self) -> str:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as PEM, and its id, 64 hex digits."""

    pem: str
    id: str

    @property
    def key(self) -> ec.EllipticCurvePublicKey:
        return _public(self.pem, "a public key")


def public_key(pem: str, source: str) -> PublicKey:
    """Parse a PEM; InputError names `source` if it is no public key that can be used."""
    canonical = _canonical(_public(pem, source))
    return PublicKey(canonical, hashlib.sha256(canonical.encode()).hexdigest())


def own_key(environ: Mapping[str, str], role: Role = Role.RELEASES, *, make: bool) -> str | None:
    """The PEM of this machine's private key. Without one, makes it, or returns None.

    Raises:
        InputError: the variable brings no usable key, others can read the file, or its folder
            cannot be read or written.
    """
    given = environ.get(role.variable, "").strip()
    if given:
        pem = given if given.startswith("-----BEGIN") else _read(Path(given))
        return _checked(f"{pem.strip()}\n", role.variable)
    file = own_file(environ, role)
    try:
        if make and not file.exists():
            _make(file)
        kept = file.exists()
    except OSError as error:
        raise InputError(
            f"this machine keeps its key in {file}, which cannot be "
            f"{'made' if make else 'looked for'}: {error.strerror}. Let XDG_DATA_HOME name a "
            f"folder that you can write, or bring a key by {role.variable}"
        ) from error
    return _checked(_read(file), str(file)) if kept else None


def own_public_key(
    environ: Mapping[str, str], role: Role = Role.RELEASES, *, make: bool = False
) -> PublicKey | None:
    """The public half of this machine's key."""
    pem = own_key(environ, role, make=make)
    return None if pem is None else public_half(pem)


def public_half(pem: str) -> PublicKey:
    """The public half of a private key as PEM."""
    key = private_key(pem, "this machine's key")
    return public_key(_canonical(key.public_key()), "own key")


def own_file(environ: Mapping[str, str], role: Role = Role.RELEASES) -> Path:
    """Where this machine keeps its key: below XDG_DATA_HOME."""
    data = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / FOLDER / role.file


def _make(file: Path) -> None:
    """Two commands that make it at once end with the same: the first link stays."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    handle, name = tempfile.mkstemp(dir=file.parent)  # 0600
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
        Path(file).hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


def _read(file: Path) -> str:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the key {file} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise InputError(
            f"the key {file} can be read by others (mode {mode:o}): `chmod 600 {file}`. "
            "If somebody may have read it, revoke it under `trust:` in delivery.yaml."
        )
    return text


def _checked(pem: str, source: str) -> str:
    private_key(pem, source)
    return pem


def private_key(pem: str, source: str) -> ec.EllipticCurvePrivateKey:
    """Parse a PEM; InputError names `source` if it is no private key that can be used."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise InputError(f"{source} holds no private key as PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise InputError(f"{source}: expected an elliptic-curve key (P-256, P-384 or P-521)")
    return key


@lru_cache(maxsize=64)  # a log asks for the same key once an entry
def _public(pem: str, source: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise InputError(f"{source} is no public key as PEM; `delivery key` prints one") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise InputError(f"{source}: expected an elliptic-curve key (P-256, P-384 or P-521)")
    return key


def _canonical(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
