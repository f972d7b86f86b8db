"""Reports of Trivy and Grype, as their documentation shows them; neither program runs here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from delivery.errors import InputError
from delivery.scanners.image_report import Weakness, read_report

MANIFEST, CONFIG = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
AT = "2026-11-28T02:12:40.123456789Z"


def trivy(*found: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    about = {"ImageID": CONFIG, "RepoDigests": [f"registry.example/online@{MANIFEST}"]}
    return {
        "SchemaVersion": 2,
        "CreatedAt": AT,
        "ArtifactName": f"registry.example/online@{MANIFEST}",
        "ArtifactType": "container_image",
        "Metadata": {**about, **metadata},
        "Results": [
            {"Target": "debian 12", "Class": "os-pkgs", "Vulnerabilities": list(found)},
            {"Target": "Python", "Class": "lang-pkgs"},
        ],
    }


OPENSSL = {
    "VulnerabilityID": "CVE-2026-0001", "PkgName": "libssl3", "InstalledVersion": "3.0.1",
    "FixedVersion": "3.0.2, 3.1.4", "Severity": "HIGH",
}  # fmt: skip


def grype(*found: dict[str, Any]) -> dict[str, Any]:
    return {
        "matches": list(found),
        "source": {
            "type": "image",
            "target": {"imageID": CONFIG, "manifestDigest": MANIFEST, "repoDigests": []},
        },
        "descriptor": {"name": "grype", "version": "0.104.0", "timestamp": AT},
    }


MATCH = {
    "vulnerability": {
        "id": "GHSA-aaaa-bbbb-cccc", "severity": "Critical",
        "fix": {"versions": ["2.1"], "state": "fixed"},
    },
    "relatedVulnerabilities": [{"id": "CVE-2026-0002"}],
    "artifact": {"name": "numpy", "version": "2.0"},
}  # fmt: skip


def test_both_say_which_image_when_and_what() -> None:
    for content in (trivy(OPENSSL), grype(MATCH)):
        report = read_report(json.dumps(content), "report")
        assert report.digests == {MANIFEST, CONFIG}
        assert report.at.isoformat() == "2026-11-28T02:12:40.123456+00:00"
    assert read_report(json.dumps(trivy(OPENSSL)), "report").weaknesses == (
        Weakness(("CVE-2026-0001",), "libssl3", "3.0.1", "high", ("3.0.2", "3.1.4")),
    )
    assert read_report(json.dumps(grype(MATCH)), "report").weaknesses == (
        Weakness(
            ("GHSA-aaaa-bbbb-cccc", "CVE-2026-0002"), "numpy", "2.0", "critical", ("2.1",)
        ),
    )  # fmt: skip


def test_what_nobody_fixed_has_no_fix() -> None:
    unfixed = {key: value for key, value in OPENSSL.items() if key != "FixedVersion"}
    wontfix = {**MATCH, "vulnerability": {"id": "CVE-1", "severity": "High", "fix": {}}}
    for content in (trivy(unfixed), trivy({**OPENSSL, "FixedVersion": ""}), grype(wontfix)):
        assert read_report(json.dumps(content), "report").weaknesses[0].fixed == ()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", json.dumps({**trivy(), "CreatedAt": None}),
     json.dumps(trivy({"PkgName": "x"})), json.dumps({**grype(), "descriptor": {}})],
)  # fmt: skip
def test_what_is_no_report_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"scan\.json is no JSON report"):
        read_report(text, "scan.json")


def test_a_report_about_no_digest_says_nothing() -> None:
    content = trivy(OPENSSL, ImageID="", RepoDigests=None)
    with pytest.raises(InputError, match="which image it is about"):
        read_report(json.dumps(content), "scan.json")
