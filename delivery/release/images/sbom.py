"""The SBOM of an image: the packages of its base by dpkg, and those that its lock installed.

Read out of the layers, as a container would find them; nothing of the image runs. The same image
gives the same bytes: CycloneDX JSON without a time and without a number of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from urllib.parse import quote

from packaging.utils import canonicalize_name

from delivery.image.config import PACKAGES
from delivery.image.contents import texts
from delivery.image.layout import Image
from delivery.image.reference import Reference

MEDIA_TYPE = "application/vnd.cyclonedx+json"
# Debian's own file, and what distroless images have in its place: a file a package.
STATUS, STATUSES = "var/lib/dpkg/status", "var/lib/dpkg/status.d/"
RELEASE = ("etc/os-release", "usr/lib/os-release")
METADATA = ".dist-info/METADATA"


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package, named as https://github.com/package-url has it."""

    purl: str
    name: str
    version: str


def packages(image: Image) -> tuple[Package, ...]:
    """What is installed in it, by name.

    Raises:
        InputError: a layer is damaged.
    """
    files = texts(image, _tells)
    release = next((files[path] for path in RELEASE if path in files), "")
    return tuple(sorted({*_debian(files, release), *_python(files)}))


def make_image_sbom(image: Image, name: Reference) -> str:
    """The SBOM of `image`, which is called `name`."""
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": str(name),
                "name": name.name,
                "version": name.digest,
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.purl,
                "name": package.name,
                "version": package.version,
                "purl": package.purl,
            }
            for package in packages(image)
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def _tells(path: str) -> bool:
    """Is it a file that says what is installed?"""
    return (
        path == STATUS
        or path in RELEASE
        or (path.startswith(STATUSES) and not path.endswith(".md5sums"))
        or (path.startswith(f"{PACKAGES}/") and path.endswith(METADATA))
    )


def _debian(found: Mapping[str, str], release: str) -> Iterator[Package]:
    facts = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    system, number = (facts.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID"))
    distribution = f"&distro={system}-{number}" if number else ""
    for path, text in found.items():
        if path != STATUS and not path.startswith(STATUSES):
            continue
        for paragraph in text.split("\n\n"):
            fields = HeaderParser().parsestr(paragraph.lstrip("\n"))
            name, version = fields.get("Package", ""), fields.get("Version", "")
            # Removed packages whose settings stayed are listed too.
            if (
                name
                and version
                and fields.get("Status", "install ok installed").endswith(" installed")
            ):
                kind = f"?arch={fields.get('Architecture', 'all')}{distribution}"
                number_ = quote(version, safe="")
                yield Package(f"pkg:deb/{system or 'debian'}/{name}@{number_}{kind}", name, version)


def _python(found: Mapping[str, str]) -> Iterator[Package]:
    for path, text in found.items():
        if path.endswith(METADATA):
            fields = HeaderParser().parsestr(text)
            name, version = canonicalize_name(str(fields["Name"])), str(fields["Version"])
            yield Package(f"pkg:pypi/{name}@{quote(version, safe='')}", name, version)
