"""What is allowed is main's; what is known is the report's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.context import Context
from delivery.errors import InputError
from delivery.evidence.supply_chain.vulnerabilities import vouch
from delivery.image.layout import Image
from tests.delivery.image.made import base
from tests.delivery.scanners.test_image_report import MANIFEST, OPENSSL, trivy
from tests.origin import Origin


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return base(tmp_path)


def test_a_report_and_what_main_allows(origin: Origin, image: Image, tmp_path: Path) -> None:
    line = '- { id: CVE-2026-0001, until: 2027-01-31, reason: "not reachable here" }\n'
    origin.push({"requirements/advisories.yaml": line})
    checkout = Context(origin.path, lambda _: None)
    (origin.path / "requirements/advisories.yaml").write_text("")  # a work tree allows nothing
    report = tmp_path / "scan.json"
    report.write_text(json.dumps(trivy(OPENSSL, ImageID=image.config_digest)))
    evidence = vouch(checkout, checkout.snapshot(), {image.digest, image.config_digest}, report)
    assert evidence.image == {image.digest, image.config_digest}
    assert evidence.about == {MANIFEST, image.config_digest}
    assert evidence.known is not None
    assert [known.names for known in evidence.known] == [("CVE-2026-0001",)]
    assert str(evidence.allowed["CVE-2026-0001"].until) == "2027-01-31"


def test_without_a_report_it_says_what_brings_one(origin: Origin, image: Image) -> None:
    checkout = Context(origin.path, lambda _: None)
    evidence = vouch(checkout, checkout.snapshot(), {image.digest}, None)
    assert (evidence.known, evidence.in_job) == (None, False)
    assert "--report FILE" in evidence.missing


def test_a_file_that_is_not_there_is_named(origin: Origin, image: Image, tmp_path: Path) -> None:
    checkout = Context(origin.path, lambda _: None)
    with pytest.raises(InputError, match="cannot be read"):
        vouch(checkout, checkout.snapshot(), {image.digest}, tmp_path / "none.json")
