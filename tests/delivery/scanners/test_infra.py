from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.scanners import infra
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.evidence_file import EvidenceFile, render_evidence
from tests.checkout import POLICY, ROOT
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


@pytest.fixture
def manifests(environments: Path) -> Path:
    """The same with the manifests of this checkout."""
    shutil.copytree(ROOT / "infra", environments / "infra", dirs_exist_ok=True)
    return environments


def test_manifests_that_keep_the_rules_pass(manifests: Path) -> None:
    assert infra.scan(manifests) == infra.judged("infra", [])


def test_manifests_that_break_a_rule_are_found_in_each_environment(manifests: Path) -> None:
    file = manifests / "infra/base/release/deployment.yaml"
    file.write_text(file.read_text().replace("runAsNonRoot: true", "runAsNonRoot: false"))
    found = [(finding.rule, finding.path) for finding in infra.scan(manifests).findings]
    assert found == [
        ("not-root", f"infra/environments/{name}/kustomization.yaml")
        for name in ("staging", "production")
    ]


def test_manifests_that_do_not_render_are_found(manifests: Path) -> None:
    (manifests / "infra/environments/staging/kustomization.yaml").write_text("resources: [gone]\n")
    (found,) = infra.scan(manifests).findings
    assert (found.rule, "gone" in found.message) == ("unrendered", True)
