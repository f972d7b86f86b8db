"""Who signs says from where, and what; tests of `delivery image sign` have the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.context import Context
from delivery.errors import InputError
from delivery.image.reference import Reference
from delivery.release.images.statement import Statement, read_statement
from delivery.release.images.vouching import builder, pulled, vouched
from delivery.settings.host import surroundings
from tests.delivery.image.made import files
from tests.delivery.imaged import BASE, IMAGE, ONE
from tests.images.base import lay_out
from tests.origin import Origin, record

JOB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_ACTOR": "alice"}


def test_a_job_is_named_by_its_run_and_a_person_by_the_machine() -> None:
    job = surroundings(JOB, "https://github.com/acme/model")
    assert builder(job) == "https://github.com/acme/model/actions/runs/7"
    own = builder(surroundings({"USER": "alice"}, "/srv/origin.git"))
    assert own.startswith("urn:model-delivery:builder:alice@")


def test_an_index_is_not_signed_for(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its digest is not that of what runs."""
    image = lay_out(tmp_path / "image", files(tmp_path / "files", {"a": "b"}))
    monkeypatch.setattr("delivery.release.images.vouching.pull", lambda *_: image)
    checkout = Context(origin.path, lambda _: None)
    assert pulled(Reference("x", image.digest), checkout) is image
    with pytest.raises(InputError, match=f"is an index; name the image {image.digest}"):
        pulled(IMAGE, checkout)


def test_the_file_is_signed_with_this_machines_key_and_judged(origin: Origin) -> None:
    checkout = Context(origin.path, lambda _: None)
    made = Statement.about(IMAGE, f"sha256:{'c' * 64}", record(ONE), BASE)
    files, verdict = vouched(checkout, checkout.snapshot(), made)
    ((path, text),) = files.items()
    assert verdict.status == "pass"
    signed = read_statement(text, path).statement
    assert signed == replace(made, builder=builder(checkout.surroundings))
