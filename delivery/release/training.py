"""What a job of main says of a training: how its stages ran, what went in, what came out.

    training.json   beside the dvc.lock that it is about, signed

The job that trains holds no key. It hands on the receipts of its sealed stages; the next job asks
whose code ran, and signs. A stage writes its receipt when it runs, and DVC restores none.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import InputError
from delivery.trust.envelope import genuine, sign
from delivery.trust.keys import PublicKey, public_half
from serving.strict import DocumentError, Strict, parse

FILE = "training.json"
TYPE = "application/vnd.model-delivery.training+json"
STAGES = ("train", "export")  # what decides each answer of a model
RECEIPTS = Path("artifacts/.ran")


class Receipt(Strict):
    """How a stage ran, as `pipeline.sealed.statement` writes it."""

    stage: str
    sealed: bool
    held: tuple[str, ...]  # what the kernel limited
    closed: tuple[str, ...]
    read: dict[str, str]  # path → sha256, as is `wrote`
    wrote: dict[str, str]
    platform: str

    @property
    def was_sealed(self) -> bool:
        """Could it open neither other files nor connections?"""
        return self.sealed and "files" in self.held and bool({"network", "tcp"} & set(self.held))


class Training(Strict):
    """`commit` is what was checked out, `lock` the sha256 of the dvc.lock that came of it."""

    commit: str
    lock: str
    stages: dict[str, Receipt]

    @property
    def payload(self) -> bytes:
        """Canonical JSON."""
        content = self.model_dump(mode="json")
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    def signed(self, pem: str) -> str:
        """The text of FILE, by a private key as PEM."""
        content = {
            "key": public_half(pem).id,
            "signature": base64.b64encode(sign(TYPE, self.payload, pem)).decode(),
            "training": self.model_dump(mode="json"),
        }
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True, slots=True)
class SignedTraining:
    """FILE as it was read. Nothing of it holds before `genuine` did."""

    key_id: str
    training: Training
    signature: bytes

    def genuine(self, key: PublicKey) -> bool:
        """Was this signed by the private half of `key`?"""
        return genuine(TYPE, self.training.payload, self.signature, key)


def read_training(text: str) -> SignedTraining:
    """The inverse of `Training.signed`. InputError for anything else."""
    try:
        content = json.loads(text)
        signature = base64.b64decode(content["signature"], validate=True)
        training = parse(Training, content["training"], source=FILE)
        return SignedTraining(str(content["key"]), training, signature)
    except (ValueError, KeyError, TypeError, RecursionError, DocumentError) as error:
        raise InputError(f"{FILE} is no signed statement of a training ({error})") from error


def read_receipt(content: object, stage: str) -> Receipt:
    """That of `stage`, out of JSON. InputError for anything else."""
    try:
        receipt = parse(Receipt, content, source=f"the receipt of {stage}")
    except DocumentError as error:
        raise InputError(f"{error}; train again") from error
    if receipt.stage != stage:
        raise InputError(f"the receipt of {stage} is one of {receipt.stage}; train again")
    return receipt


def lock_sha256(lock: str) -> str:
    """Of the text of dvc.lock, whatever its last line ends with."""
    return hashlib.sha256(lock.rstrip("\n").encode()).hexdigest()


def receipt_file(root: Path, stage: str) -> Path:
    """Where a stage that ran in the checkout `root` left its receipt."""
    return root / RECEIPTS / f"{stage}.json"


def forget_receipts(root: Path) -> None:
    """What is found in RECEIPTS later was run later."""
    for stage in STAGES:
        receipt_file(root, stage).unlink(missing_ok=True)
