"""A base image out of Debian's packages, for machines that can pull none: Python and what it
links to, without a shell, without a package manager. Only the names are chosen here; what apt
downloads is signed by Debian.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from delivery.documents import canonical
from delivery.image.layer import write_layer
from delivery.image.layout import CONFIG, LAYER, MANIFEST, Descriptor, Image, Layout

PACKAGES = (
    ["python3-minimal", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib",
     "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libssl3", "libexpat1", "libffi8", "libbz2-1.0",
     "liblzma5", "libsqlite3-0", "libuuid1", "libcrypt1", "libtinfo6", "libncursesw6",
     "libreadline8", "ca-certificates", "tzdata", "netbase", "base-files", "media-types"]
)  # fmt: skip
# With these it is one for `delivery` too: git reads and writes https, and finds a shell.
GIT = (
    ["git", "dash", "libpcre2-8-0", "libcurl3-gnutls", "libgnutls30", "libnghttp2-14", "libidn2-0",
     "librtmp1", "libssh2-1", "libpsl5", "libnettle8", "libhogweed6", "libgmp10", "libldap-2.5-0",
     "libgssapi-krb5-2", "libbrotli1", "libzstd1", "libunistring2", "libp11-kit0", "libtasn1-6",
     "libkrb5-3", "libk5crypto3", "libcom-err2", "libkrb5support0", "libkeyutils1", "libsasl2-2",
     "libselinux1", "coreutils", "libacl1", "libattr1"]
)  # fmt: skip
LEFT_OUT = ("usr/share/doc/", "usr/share/man/", "usr/share/lintian/", "usr/share/bug/", "usr/sbin/")


def make_base(folder: Path, more: Sequence[str] = ()) -> Image:
    """The base as a layout in `folder`/base, with `more` packages."""
    packages, root = folder / "packages", folder / "root"
    packages.mkdir(parents=True)
    subprocess.run(["apt-get", "download", "-qq", *PACKAGES, *more], cwd=packages, check=True)
    for package in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        told = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, check=True)
        status = root / "var/lib/dpkg/status.d" / package.name.partition("_")[0]
        status.parent.mkdir(parents=True, exist_ok=True)  # as distroless images have it
        status.write_bytes(told.stdout)
    files = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file() or (path.is_dir() and not any(path.iterdir()))
    }
    return lay_out(
        folder / "base",
        {name: file for name, file in files.items() if not name.startswith(LEFT_OUT)},
    )


def lay_out(folder: Path, files: dict[str, Path], level: int = 6, **config: object) -> Image:
    """A layout with one image of one layer with `files`."""
    layout = Layout(folder)
    layout.create()
    plain = _archive(files)
    diff_id = f"sha256:{hashlib.sha256(plain).hexdigest()}"
    packed = gzip.compress(plain, level, mtime=0)
    digest = f"sha256:{hashlib.sha256(packed).hexdigest()}"
    layout.path(digest).write_bytes(packed)
    content = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], **config},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created_by": "base"}],
    }
    kept = layout.put(CONFIG, canonical(content))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": kept.to_json(),
        "layers": [Descriptor(LAYER, digest, len(packed)).to_json()],
    }
    return layout.image(layout.publish(manifest, "base"))


def on_base(folder: Path, base: Image, files: dict[str, Path], **config: object) -> Image:
    """A layout with one image: `base` and a layer with `files`."""
    layout = Layout(folder)
    layout.create()
    for blob in base.layers:
        layout.take(base.layout, blob)
    layer = write_layer(layout, "files", files)
    content = {
        **base.config,
        "config": {"Env": ["PATH=/usr/bin:/bin"], **config},
        "rootfs": {"type": "layers", "diff_ids": [*base.diff_ids, layer.diff_id]},
        "history": [*base.config["history"], {"created_by": "files"}],
    }
    kept = layout.put(CONFIG, canonical(content))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": kept.to_json(),
        "layers": [blob.to_json() for blob in (*base.layers, layer.blob)],
    }
    return layout.image(layout.publish(manifest, "made"))


def _archive(files: dict[str, Path]) -> bytes:
    """With the modes that packages gave: unlike a checkout's, they are everywhere the same."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            archive.add(files[name], name, recursive=False, filter=_of_root)
    return out.getvalue()


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry
