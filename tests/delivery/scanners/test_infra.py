from __future__ import annotations

from pathlib import Path

import pytest

from delivery.scanners import infra
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.evidence_file import EvidenceFile, render_evidence
from tests.checkout import POLICY
from tests.delivery.scanners.conftest import put

STAGING = desired_path("staging")
NOTHING = render_evidence(EvidenceFile(release="none"))


@pytest.fixture
def environments(root: Path) -> Path:
    put(root, "delivery.yaml", POLICY.read_text())
    for name in ("staging", "production"):
        put(root, desired_path(name), render_desired(Desired()))
        put(root, evidence_path(name), NOTHING)
    return root


def test_what_can_be_read_passes(environments: Path) -> None:
    assert infra.scan(environments).status == "pass"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (STAGING, "data: [\n"),
        (STAGING, "data: {}\n"),
        (STAGING, ""),
        (STAGING, render_desired(Desired()).replace('"none"', "7", 1)),
        (STAGING, render_desired(Desired()) + '  more: "x"\n'),
        (STAGING, "<<<<<<< a\n=======\n>>>>>>> b\n"),
        (evidence_path("production"), "{"),
        (evidence_path("production"), "{}"),
    ],
)
def test_what_a_deployment_could_not_read_is_found(
    environments: Path, path: str, text: str
) -> None:
    put(environments, path, text)
    (found,) = infra.scan(environments).findings
    assert (found.rule, found.path) == ("unreadable", path)


def test_what_is_not_there_is_found(environments: Path) -> None:
    (environments / STAGING).unlink()
    (environments / evidence_path("staging")).write_bytes(b"\xff")
    found = {finding.path for finding in infra.scan(environments).findings}
    assert found == {STAGING, evidence_path("staging")}
