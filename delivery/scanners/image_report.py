"""What a scanner says is known about an image: the JSON report of Trivy or of Grype.

trivy image --format json --output report.json NAME@sha256:…
grype NAME@sha256:… --output json --file report.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from delivery.errors import InputError


@dataclass(frozen=True, slots=True)
class Weakness:
    """A vulnerability of a package. `names` are its id and its aliases, `severity` one of critical,
    high, medium, low, negligible and unknown; `fixed` the versions without it."""

    names: tuple[str, ...]
    package: str
    version: str
    severity: str
    fixed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """`digests` name the image: those of its manifest and of its configuration. `at` is when it was
    looked at."""

    digests: frozenset[str]
    at: datetime
    weaknesses: Sequence[Weakness]


def read_report(text: str, source: str) -> Report:
    """InputError where it is neither of the two, or says neither which image it is about nor
    when it was made."""
    try:
        content = json.loads(text)
        report = _trivy(content) if "SchemaVersion" in content else _grype(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{source} is no JSON report of Trivy or Grype about an image ({error!r}); older ones "
            "do not say when they were made"
        ) from error
    if not report.digests:
        raise InputError(f"{source} does not say by a digest which image it is about")
    return report


def _trivy(content: Mapping[str, Any]) -> Report:
    about = content["Metadata"]
    digests = [about.get("ImageID", ""), *(about.get("RepoDigests") or ())]
    found = (
        Weakness(
            (item["VulnerabilityID"],),
            item["PkgName"],
            item["InstalledVersion"],
            str(item["Severity"]).lower(),
            tuple(each.strip() for each in item.get("FixedVersion", "").split(",") if each.strip()),
        )
        for result in content.get("Results") or ()
        for item in result.get("Vulnerabilities") or ()
    )
    return Report(_digests(digests), _moment(content["CreatedAt"]), tuple(found))


def _grype(content: Mapping[str, Any]) -> Report:
    about = content["source"]["target"]
    digests = [
        about.get("imageID", ""),
        about.get("manifestDigest", ""),
        *(about.get("repoDigests") or ()),
    ]
    return Report(
        _digests(digests),
        _moment(content["descriptor"]["timestamp"]),
        tuple(_matched(content["matches"])),
    )


def _matched(matches: Sequence[Mapping[str, Any]]) -> Iterator[Weakness]:
    for item in matches:
        known, artifact = item["vulnerability"], item["artifact"]
        aliases = tuple(other["id"] for other in item.get("relatedVulnerabilities") or ())
        yield Weakness(
            (known["id"], *aliases),
            artifact["name"],
            artifact["version"],
            str(known["severity"]).lower(),
            tuple(known.get("fix", {}).get("versions") or ()),
        )


def _digests(named: Sequence[str]) -> frozenset[str]:
    """sha256:… of each, with or without a name before it."""
    found = (name.rpartition("@")[2] for name in named)
    return frozenset(digest for digest in found if digest.startswith("sha256:"))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
