"""Our signatures are those of model-signing, and nothing about a release escapes them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.release import signing
from delivery.release.signing import read_signature, sign, signed_files
from delivery.trust.keys import own_key, own_public_key

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


def damaged(text: str, part: str) -> str:
    """The same file with one part of the statement or its envelope as it may not be."""
    bundle = json.loads(text)
    envelope = bundle["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    resources = statement["predicate"]["resources"]
    if part == "payload type":
        envelope["payloadType"] = "text/plain"
    elif part == "predicate":
        statement["predicateType"] = "https://example.org/other"
    elif part == "algorithm":
        resources[0]["algorithm"] = "md5"
    elif part == "a name twice":
        resources.append({**resources[0], "digest": "0" * 64})
    elif part == "key":
        bundle["verificationMaterial"]["publicKey"]["hint"] = 7
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps(bundle)


def test_a_statement_that_is_written_anew_is_read(text: str) -> None:
    assert read_signature(damaged(text, "nothing"), "sig").files == read_signature(text, "x").files


@pytest.mark.parametrize("part", ["payload type", "predicate", "algorithm", "a name twice", "key"])
def test_a_statement_of_another_kind_is_refused(text: str, part: str) -> None:
    with pytest.raises(
        InputError, match=r"^r-1\.sig: not a signature by a key over (sha256|an in-toto)"
    ):
        read_signature(damaged(text, part), "r-1.sig")


def test_what_git_ignores_is_signed_too(tmp_path: Path, environ: dict[str, str]) -> None:
    bento = tmp_path / RELEASE
    for name in ("bento.yaml", ".git/config", ".gitattributes", ".github/x.yml"):
        (bento / name).parent.mkdir(parents=True, exist_ok=True)
        (bento / name).write_text(name)
    texts = {".gitattributes": "* text\n", ".gitignore": "*\n"}
    signed = read_signature(sign(RELEASE, bento, texts, own_key(environ, make=False)), "sig")
    beside = {name: text.encode() for name, text in texts.items()}
    assert signed.files == signed_files(RELEASE, bento, beside)


def test_nobody_else_can_read_the_key_while_it_signs(
    bento: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    lay_out = signing._lay_out

    def look(source: Path, destination: Path) -> None:
        modes.append((destination.parents[1] / "key.pem").stat().st_mode & 0o777)
        lay_out(source, destination)

    monkeypatch.setattr(signing, "_lay_out", look)
    umask = os.umask(0)
    try:
        sign(RELEASE, bento, TEXTS, own_key(environ, make=False))
    finally:
        os.umask(umask)
    assert modes == [0o600]
