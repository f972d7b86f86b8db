"""Images to and from registries, by skopeo: it knows their ways to log in.

`skopeo login HOST` or a `docker login` before is what lets it in; no secret passes through here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from delivery.errors import TargetError
from delivery.image.layout import Image, Layout
from delivery.image.reference import Reference

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SECONDS = 600
ALL = ("--all",)
UNKNOWN = ("manifest unknown", "name unknown")  # as registries say that there is nothing


def images(workspace: Path) -> Path:
    """Where layouts lie: what was pulled by digest, what was built by release."""
    return workspace / "images"


def pull(reference: Reference, workspace: Path) -> Image:
    """The image for this platform, in a layout below `images(workspace)`: kept by its digest.

    Raises:
        TargetError: the registry does not give it.
    """
    layout = Layout(images(workspace) / reference.digest.removeprefix("sha256:"))
    if not (layout.folder / "index.json").is_file():
        layout.folder.mkdir(parents=True, exist_ok=True)
        _copy(f"docker://{reference}", f"oci:{layout.folder}:image", reference.name, source=True)
    return layout.image()


def push(image: Image, name: str, tag: str) -> Reference:
    """Give an image to a registry, also under a tag, for people; what it is called there."""
    source = f"oci:{image.layout.folder}:{tag}"
    _copy(source, f"docker://{name}:{tag}", name, source=False)
    return Reference(name, image.digest)


def push_index(layout: Layout, name: str, tag: str) -> None:
    """Give a registry a list of manifests, and each of them."""
    _copy(f"oci:{layout.folder}:{tag}", f"docker://{name}:{tag}", name, source=False, more=ALL)


def pull_index(name: str, tag: str, layout: Layout) -> str:
    """The digest of the list under a tag, which lies in `layout` then with all that it lists;
    empty where the registry has no such tag."""
    try:
        _copy(f"docker://{name}:{tag}", f"oci:{layout.folder}:{tag}", name, source=True, more=ALL)
    except TargetError as error:
        if any(text in str(error) for text in UNKNOWN):
            return ""
        raise
    return layout.listed()


def _copy(
    origin: str, destination: str, name: str, *, source: bool, more: Sequence[str] = ()
) -> None:
    side = "src" if source else "dest"
    plain = [f"--{side}-tls-verify=false"] if name.startswith(LOOPBACK) else []
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        raise TargetError("skopeo is not on PATH; Debian, Ubuntu, Fedora and Homebrew have it")
    # What is pushed keeps the digest that it has here.
    kept = [] if source else ["--preserve-digests"]
    command = [
        skopeo, "--override-os", "linux", "--override-arch", "amd64",
        "copy", "--quiet", *more, *kept, *plain, origin, destination,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise TargetError(f"{destination}: nothing came of it within {SECONDS} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise TargetError(f"skopeo copy {origin} {destination}: {last[-600:]}")
