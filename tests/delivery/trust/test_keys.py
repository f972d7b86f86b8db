"""A machine's key is made once, is its owner's alone, and gives way to the environment's."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from delivery.errors import InputError
from delivery.trust.keys import (
    Role,
    own_file,
    own_key,
    own_public_key,
    public_half,
    public_key,
)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def test_the_key_is_made_when_it_is_needed_and_no_sooner(environ: dict[str, str]) -> None:
    assert own_key(environ, make=False) is None
    assert own_public_key(environ) is None
    made = own_key(environ, make=True)
    assert made == own_key(environ, make=False)
    file = own_file(environ)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["signing.pem"]


@pytest.mark.parametrize(
    ("below", "make"),
    [
        ("a file", True),  # no folder can be made there, not even by root
        ("x" * 300, True),  # nor looked for
        ("x" * 300, False),
    ],
)
def test_a_folder_that_cannot_hold_the_key_is_named_with_the_way_out(
    tmp_path: Path, below: str, make: bool
) -> None:
    (tmp_path / "a file").touch()
    environ = {"XDG_DATA_HOME": str(tmp_path / below)}
    with pytest.raises(InputError) as refused:
        own_key(environ, Role.EVENTS, make=make)
    assert str(own_file(environ, Role.EVENTS)) in str(refused.value)
    assert "XDG_DATA_HOME" in str(refused.value)
    assert "DELIVERY_EVENT_KEY" in str(refused.value)


def test_two_commands_at_once_end_with_one_key(environ: dict[str, str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = {found.result() for found in [pool.submit(own_key, environ, make=True)] * 4}
    assert len(keys) == 1


def test_without_a_folder_for_data_the_key_is_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    for role in Role:
        assert own_file({}, role) == Path("/home/ann/.local/share/model-delivery") / role.file


def test_a_key_is_written_where_it_stays_and_nowhere_else(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of temporary files may be on another disk, or everybody's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert own_key(environ, make=True)
    assert list(own_file(environ).parent.iterdir()) == [own_file(environ)]


def test_a_key_that_others_can_read_is_refused(environ: dict[str, str]) -> None:
    own_key(environ, make=True)
    own_file(environ).chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        own_key(environ, make=False)


def test_the_environment_brings_a_key_as_text_or_as_a_file(
    environ: dict[str, str], tmp_path: Path
) -> None:
    other = own_key({"XDG_DATA_HOME": str(tmp_path / "other")}, make=True)
    file = own_file({"XDG_DATA_HOME": str(tmp_path / "other")})
    assert other is not None
    for given in (other, str(file), other.rstrip()):
        assert own_key(environ | {Role.RELEASES.variable: given}, make=True) == other
    assert not own_file(environ).exists()


@pytest.mark.parametrize("given", ["-----BEGIN nonsense", "/no/such/file"])
def test_a_key_that_cannot_be_used_is_named(environ: dict[str, str], given: str) -> None:
    with pytest.raises(InputError, match=f"^{Role.RELEASES.variable} holds|the key {given} cannot"):
        own_key(environ | {Role.RELEASES.variable: given}, make=True)


def test_a_private_key_is_no_public_key(environ: dict[str, str]) -> None:
    private = own_key(environ, make=True)
    assert private is not None
    with pytest.raises(InputError, match=r"trust\.alice is no public key"):
        public_key(private, "trust.alice")


def test_the_public_half_is_of_the_key_that_is_made_for_it(environ: dict[str, str]) -> None:
    public = own_public_key(environ, make=True)
    private = own_key(environ, make=False)
    assert private is not None
    assert public is not None
    assert public == public_half(private) == public_key(public.pem, "its own text")


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256K1()), Ed25519PrivateKey.generate()]
)
def test_a_key_of_another_kind_is_refused(
    environ: dict[str, str], key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey
) -> None:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(InputError, match="expected an elliptic-curve key"):
        own_key(environ | {Role.RELEASES.variable: private}, make=True)
    with pytest.raises(InputError, match="expected an elliptic-curve key"):
        public_key(public.decode(), "trust.alice")


def test_the_folder_of_keys_is_its_owners_alone_and_may_have_another_key_already(
    environ: dict[str, str],
) -> None:
    own_key(environ, Role.EVENTS, make=True)
    own_key(environ, make=True)
    folder = own_file(environ).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"signing.pem", "events.pem"}
