"""Signatures over releases, as model-signing writes them.

One signature covers everything of a release: the files of the bento, the record and the SBOM,
under the names they have in `releases/`. So where a bento is laid out, any tool that knows the
format can check it:

    dvc pull releases/<id>.dvc
    model_signing verify key releases --signature releases/<id>.sig --public_key KEY.pub \\
        --ignore_unsigned_files

The file is a Sigstore bundle: a DSSE envelope around an in-toto statement that lists hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.digest import file_hashes
from delivery.errors import InputError
from delivery.trust.bundle import Bundle, read_bundle
from delivery.trust.keys import PublicKey

PREDICATE = "https://model_signing/signature/v1.0"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature file says. Nothing of it holds before `genuine` did.

    `files` maps a name below `releases/` to its sha256.
    """

    bundle: Bundle
    files: Mapping[str, str]

    @property
    def key_id(self) -> str:
        """The key that it claims."""
        return self.bundle.key_id

    def genuine(self, key: PublicKey) -> bool:
        """Was this signed by the private half of `key`?"""
        return self.bundle.genuine(key)


def sign(release: str, bento: Path, texts: Mapping[str, str], private_key: str) -> str:
    """The signature over the files of `bento` and over `texts` (name below releases/ → text)."""
    from model_signing import hashing, signing  # a second that only signing needs

    with tempfile.TemporaryDirectory(dir=bento.parent, prefix=".signing-") as name:
        work = Path(name)
        key, folder = work / "key.pem", work / release
        key.touch(mode=0o600)
        key.write_text(private_key, encoding="utf-8")
        _lay_out(bento, folder / release)
        for path, text in texts.items():
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
        # Their constructors have no annotations.
        everything = hashing.Config()  # type: ignore[no-untyped-call]
        everything.set_ignored_paths(paths=(), ignore_git_paths=False)
        signer = signing.Config()  # type: ignore[no-untyped-call]
        signer.set_hashing_config(everything).use_elliptic_key_signer(private_key=key)
        signer.sign(folder, work / "sig")
        return (work / "sig").read_text(encoding="utf-8") + "\n"


def read_signature(text: str, source: str) -> Signature:
    """InputError says what is wrong with the file."""
    bundle = read_bundle(text, source)
    try:
        statement = json.loads(bundle.payload)
        resources = statement["predicate"]["resources"]
        files = {item["name"]: item["digest"] for item in resources}
        known = statement["predicateType"] == PREDICATE
        plain = all(item["algorithm"] == "sha256" for item in resources)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{source} is no signature of model-signing ({error!r})") from error
    if not (known and plain and len(files) == len(resources)):
        raise InputError(f"{source}: not a signature by a key over sha256 hashes of files")
    return Signature(bundle, files)


def signed_files(release: str, bento: Path, texts: Mapping[str, bytes]) -> Mapping[str, str]:
    """Name below releases/ → sha256 of what a signature over this release has to list."""
    inside = {f"{release}/{name}": sha256 for name, sha256 in file_hashes(bento).items()}
    beside = {name: hashlib.sha256(content).hexdigest() for name, content in texts.items()}
    return inside | beside


def _lay_out(bento: Path, destination: Path) -> None:
    """The files of the bento, as links where the file system has them."""

    def link(source: str, target: str) -> str:
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target

    shutil.copytree(bento, destination, copy_function=link)
