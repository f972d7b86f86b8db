"""What is installed in an image is listed: the packages of its base, and the wheels of its lock."""

from __future__ import annotations

import json
from pathlib import Path

from packaging.utils import canonicalize_name

from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.release.images.sbom import make_image_sbom, packages
from tests.delivery.image.made import files
from tests.images.base import lay_out

NAME = Reference("registry.example/online", f"sha256:{'a' * 64}")
LIBC = (
    "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u14\n"
)
LEFT = "Package: exim4\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 4.96\n"
DEBIAN = 'PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n'
WHEEL = "opt/packages/Typing_Extensions-4.1.dist-info/METADATA"
HEAD = "Metadata-Version: 2.1\nName: Typing_Extensions\nVersion: 4.1\n\nVersion: of the text\n"


def image(folder: Path, contents: dict[str, str]) -> Image:
    return lay_out(folder / "image", files(folder / "files", contents))


def test_packages_of_debian_and_wheels_are_listed(tmp_path: Path) -> None:
    found = packages(image(tmp_path, {
        "var/lib/dpkg/status": f"{LIBC}\n{LEFT}", "usr/lib/os-release": DEBIAN, WHEEL: HEAD,
        "opt/packages/x/METADATA": HEAD.replace("4.1", "5"),
    }))  # fmt: skip
    assert {(each.name, each.version) for each in found} == {
        ("libc6", "2.36-9+deb12u14"), ("typing-extensions", "4.1")
    }  # fmt: skip
    assert [each.purl for each in found] == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12",
        "pkg:pypi/typing-extensions@4.1",
    ]


def test_images_with_a_file_a_package_are_read_too(tmp_path: Path) -> None:
    """As distroless ones are."""
    alone = LIBC.replace("Status: install ok installed\n", "")
    found = packages(image(tmp_path, {
        "var/lib/dpkg/status.d/libc6": alone, "var/lib/dpkg/status.d/libc6.md5sums": LIBC * 2,
    }))  # fmt: skip
    assert [each.purl for each in found] == ["pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64"]


def test_a_base_that_lists_nothing_has_wheels_alone(tmp_path: Path) -> None:
    assert [each.name for each in packages(image(tmp_path, {WHEEL: HEAD}))] == [
        canonicalize_name("Typing_Extensions")
    ]


def test_it_is_the_same_each_time_and_cyclonedx(tmp_path: Path) -> None:
    made = image(tmp_path, {"var/lib/dpkg/status": LIBC, WHEEL: HEAD})
    text = make_image_sbom(made, NAME)
    assert text == make_image_sbom(made, NAME)
    content = json.loads(text)
    assert (content["bomFormat"], content["specVersion"]) == ("CycloneDX", "1.6")
    assert content["metadata"]["component"]["version"] == NAME.digest
    assert len({part["bom-ref"] for part in content["components"]}) == 2
