"""Our signatures are those of model-signing, and nothing about a release escapes them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.release.keys import own_key, own_public_key
from delivery.release.signing import read_signature, sign, signed_files

RELEASE = "r-000000000001"
TEXTS = {f"{RELEASE}.yaml": "id: r-000000000001\n", f"{RELEASE}.cdx.json": "{}\n"}


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path_factory.mktemp("keys"))}


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bentos") / RELEASE
    for name in ("bento.yaml", "src/model.onnx", "src/.gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture(scope="module")
def text(bento: Path, environ: dict[str, str]) -> str:
    key = own_key(environ, make=True)
    assert key is not None
    return sign(RELEASE, bento, TEXTS, key)


def test_everything_is_signed(bento: Path, text: str, environ: dict[str, str]) -> None:
    signed = read_signature(text, "sig")
    texts = {name: content.encode() for name, content in TEXTS.items()}
    assert signed.files == signed_files(RELEASE, bento, texts)
    assert set(signed.files) == {
        f"{RELEASE}/bento.yaml", f"{RELEASE}/src/model.onnx", f"{RELEASE}/src/.gitignore", *TEXTS
    }  # fmt: skip
    key = own_public_key(environ)
    assert key is not None
    assert signed.key_id == key.id
    assert signed.genuine(key)
    assert [path.name for path in bento.parent.iterdir()] == [RELEASE]


def test_another_key_or_another_statement_is_not_genuine(
    text: str, environ: dict[str, str], tmp_path: Path
) -> None:
    other = own_public_key({"XDG_DATA_HOME": str(tmp_path)}, make=True)
    own = own_public_key(environ)
    assert other is not None
    assert own is not None
    assert not read_signature(text, "sig").genuine(other)
    bundle = json.loads(text)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    edited = payload.replace(b"model.onnx", b"model.onny")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(edited).decode()
    assert not read_signature(json.dumps(bundle), "sig").genuine(own)


def test_the_tool_of_model_signing_says_the_same(
    bento: Path, text: str, environ: dict[str, str], tmp_path: Path
) -> None:
    """In the layout that `dvc pull` leaves in releases/."""
    releases = tmp_path / "releases"
    shutil.copytree(bento, releases / RELEASE)
    for name, content in TEXTS.items():
        (releases / name).write_text(content)
    (tmp_path / "sig").write_text(text)
    key = own_public_key(environ)
    assert key is not None
    (tmp_path / "key.pub").write_text(key.pem)
    assert verify(tmp_path) == 0
    (releases / f"{RELEASE}.yaml").write_text("id: r-000000000002\n")
    assert verify(tmp_path) == 1


def verify(folder: Path) -> int:
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(folder / "releases")]
    options = ["--signature", str(folder / "sig"), "--public_key", str(folder / "key.pub")]
    return subprocess.run(
        [*command, *options, "--ignore_unsigned_files"], capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("damage", ["", "{}", "null", '{"dsseEnvelope": {"payload": "!"}}'])
def test_what_is_no_signature_is_named(damage: str) -> None:
    with pytest.raises(InputError, match=r"r-1\.sig is no signature"):
        read_signature(damage, "r-1.sig")
