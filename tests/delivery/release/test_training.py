"""What is signed of a training, and what a sealed stage leaves that may be signed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import InputError
from delivery.release.training import (
    STAGES,
    Receipt,
    Training,
    forget_receipts,
    lock_sha256,
    read_receipt,
    read_training,
    receipt_file,
)
from delivery.trust.keys import Role, own_key, public_half
from pipeline.sealed.plan import plan
from pipeline.sealed.statement import Statement, write
from tests.checkout import ROOT


def receipt(stage: str = "train", **said: Any) -> Receipt:
    """Of a stage that ran sealed; `said` is put into it."""
    content = {
        "stage": stage, "sealed": True, "held": ["files", "network"], "closed": [],
        "read": {"artifacts/data/train.parquet": "1" * 64}, "wrote": {"artifacts/x": "2" * 64},
        "platform": "A",
    }  # fmt: skip
    return Receipt.model_validate(content | said)


def training(**said: Any) -> Training:
    content = {
        "commit": "c" * 40, "lock": "d" * 64, "stages": {stage: receipt(stage) for stage in STAGES}
    }  # fmt: skip
    return Training.model_validate(content | said)


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_writes_where_it_runs_is_its_receipt(tmp_path: Path, stage: str) -> None:
    """Two packages that do not import each other agree on a file."""
    file = tmp_path / plan(stage, ROOT).receipt
    write(file, Statement(stage, ["files", "tcp"], ["data/"], {"a": "1"}, {"b": "2"}, "A"))
    assert file == receipt_file(tmp_path, stage)
    found = read_receipt(json.loads(file.read_text()), stage)
    assert (found.stage, found.held, found.closed) == (stage, ("files", "tcp"), ("data/",))
    assert (found.read, found.wrote, found.platform) == ({"a": "1"}, {"b": "2"}, "A")
    assert found.was_sealed


def test_receipts_that_are_forgotten_are_gone_and_nothing_else(tmp_path: Path) -> None:
    forget_receipts(tmp_path)
    for name in (*STAGES, "evaluate"):
        receipt_file(tmp_path, name).parent.mkdir(parents=True, exist_ok=True)
        receipt_file(tmp_path, name).write_text("{}")
    forget_receipts(tmp_path)
    assert list(tmp_path.rglob("*.json")) == [receipt_file(tmp_path, "evaluate")]


@pytest.mark.parametrize(
    ("held", "sealed", "was"),
    [
        (["files", "network"], True, True),
        (["files", "tcp"], True, True),
        (["files"], True, False),
        (["network"], True, False),
        ([], False, False),
        (["files", "network"], False, False),
    ],
)
def test_a_stage_was_sealed_if_neither_files_nor_connections_were_open(
    held: list[str], sealed: bool, was: bool
) -> None:
    assert receipt(held=held, sealed=sealed).was_sealed is was


OTHER = receipt("export").model_dump(mode="json")


@pytest.mark.parametrize("content", [[], {}, {"stage": 1}, "text", None, OTHER])
def test_what_is_no_receipt_is_named(content: object) -> None:
    with pytest.raises(InputError, match=r"(?s)receipt of train.*train again"):
        read_receipt(content, "train")


def test_what_is_signed_is_read_back_as_it_was(pem: str) -> None:
    signed = read_training(training().signed(pem))
    assert (signed.training, signed.key_id) == (training(), public_half(pem).id)
    assert signed.genuine(public_half(pem))
    other = own_key(os.environ, Role.EVENTS, make=True)
    assert other is not None
    assert not signed.genuine(public_half(other)), "one key is not another"


@pytest.mark.parametrize("field", ["commit", "lock"])
def test_a_signature_is_over_each_field(pem: str, field: str) -> None:
    content = json.loads(training().signed(pem))
    content["training"][field] = "0" * 40
    assert not read_training(json.dumps(content)).genuine(public_half(pem))


@pytest.mark.parametrize("field", list(Receipt.model_fields))
def test_a_signature_is_over_each_field_of_a_receipt(pem: str, field: str) -> None:
    content = json.loads(training().signed(pem))
    stage = content["training"]["stages"]["export"]
    others: dict[type, object] = {bool: False, str: "other", list: ["other"], dict: {"a": "b"}}
    stage[field] = others[type(stage[field])]
    assert not read_training(json.dumps(content)).genuine(public_half(pem))


def test_the_order_of_keys_does_not_count(pem: str) -> None:
    content = json.loads(training().signed(pem))
    content["training"] = dict(reversed(content["training"].items()))
    assert read_training(json.dumps(content)).genuine(public_half(pem))


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "no base64!"},
        {"training": {}},
        {"training": []},
        {"signature": None},
        {"training": {"commit": "c", "lock": "l", "stages": {}, "more": 1}},
    ],
    ids=str,
)
def test_what_is_no_signed_training_is_bad_input(pem: str, change: dict[str, object]) -> None:
    content = json.loads(training().signed(pem)) | change
    with pytest.raises(InputError, match="no signed statement"):
        read_training(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "[" * 100_000])
def test_what_is_no_document_is_bad_input(text: str) -> None:
    with pytest.raises(InputError, match="no signed statement"):
        read_training(text)


def test_the_end_of_the_last_line_of_a_lock_does_not_count() -> None:
    assert lock_sha256("a: 1\n") == lock_sha256("a: 1")
    assert len({lock_sha256(text) for text in ("a: 1", "a: 2", "\na: 1", "a: 1 ")}) == 4
