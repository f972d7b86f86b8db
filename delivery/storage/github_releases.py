"""DVC objects as assets of GitHub Releases: the store of a repository without a DVC remote.

    release                  holds, in one asset `objects.tar`
    lock-<12 hex>            what one dvc.lock names: data, model, evaluation
    r-<12 hex>               a release: its bento, its model, and the data it was judged on

A bundle is named by what is in it, so it is written once and never changed. It is a draft until
its bytes are there: where releases are immutable, a published one takes none. Every object is
checked against its hash when it comes back.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from delivery.errors import StoreError
from delivery.git.repository import Repository
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from delivery.storage.dvc_cache import admit, corrupted

ASSET = "objects.tar"
BURNED = "used by an immutable release"
LARGEST = 2 * 1024**3  # bytes; GitHub takes no larger asset


class Bundles:
    """The bundles of the repository `slug`, whose checkout `git` is."""

    def __init__(self, api: GithubApi, slug: str, git: Repository) -> None:
        self._api = api
        self._git = git
        self._root = f"/repos/{slug}"
        self.place = f"GitHub Releases of {slug}"

    def holds(self, name: str) -> bool:
        """Is the bundle there, whole?"""
        release = self._release(name)
        return release is not None and self._asset(release) is not None

    def keep(self, name: str, objects: Mapping[str, Path], commit: str) -> None:
        """Store files by DVC id under `name`; adopts a bundle that is there. `commit` is where
        the tag is put that every GitHub Release has.

        Raises:
            StoreError: a file is not there, all of them are more than a release takes, or a
                bundle of that name was deleted.
        """
        if self.holds(name):
            return
        if lost := [oid for oid, file in objects.items() if not file.is_file()]:
            raise StoreError(
                f"the DVC cache lacks {len(lost)} objects of {name}, {lost[0]} among them; "
                "`dvc repro` makes them"
            )
        # By git: GitHub makes no tag of a commit that touches workflows for the token of a job.
        self._git.push_tag(commit, name)
        release = self._release(name) or self._draft(name) or self._create(name)
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder) / ASSET
            with tarfile.open(bundle, "w") as archive:
                for oid, file in sorted(objects.items()):
                    archive.add(file, arcname=oid, filter=_plain)
            if bundle.stat().st_size > LARGEST:
                raise StoreError(
                    f"{name} is {bundle.stat().st_size / 1024**3:.1f} GiB and a GitHub Release "
                    "takes files up to 2 GiB. Give the repository a DVC remote: "
                    "`dvc remote add -d store s3://bucket/path`."
                )
            self._api.upload(release, bundle)
        if release["draft"]:
            self._publish(release)

    def bring(self, names: Iterable[str], cache: Any) -> bool:
        """Put the objects of the first bundle that is there into the DVC cache; False if none is.

        Raises:
            StoreError: an object is not what its name says.
        """
        for name in names:
            release = self._release(name)
            asset = self._asset(release) if release else None
            if asset is not None:
                self._unpack(name, asset, cache)
                return True
        return False

    def _unpack(self, name: str, asset: Mapping[str, Any], cache: Any) -> None:
        with tempfile.TemporaryDirectory() as room:
            bundle, folder = Path(room) / ASSET, Path(room) / "objects"
            folder.mkdir()
            self._api.download(asset, bundle)
            try:
                with tarfile.open(bundle, "r:") as archive:  # never compressed: no bomb
                    archive.extractall(folder, filter="data")
            except tarfile.TarError as error:
                raise corrupted(name, str(error)) from error
            bundle.unlink()
            admit({file.name: file for file in sorted(folder.iterdir())}, cache, name)

    def _release(self, name: str) -> Mapping[str, Any] | None:
        try:
            release: Mapping[str, Any] = self._api.get(f"{self._root}/releases/tags/{name}")
        except GithubError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return release

    def _draft(self, name: str) -> Mapping[str, Any] | None:
        """The draft that a killed run left. GitHub lists drafts and finds none by its tag."""
        releases = self._api.pages(f"{self._root}/releases")
        return next((it for it in releases if it["draft"] and it["tag_name"] == name), None)

    def _create(self, name: str) -> Mapping[str, Any]:
        body = {
            "tag_name": name,
            "name": name,
            "body": "Bytes by hash, kept by `delivery`. Nothing rebuilds them: do not delete.",
            "draft": True,
            "prerelease": not name.startswith("r-"),
        }
        draft: Mapping[str, Any] = self._api.post(
            f"{self._root}/releases", body, adopt=lambda: self._draft(name)
        )
        return draft

    def _publish(self, draft: Mapping[str, Any]) -> None:
        name = draft["tag_name"]
        body = {"tag_name": name, "draft": False, "make_latest": "false"}
        try:
            self._api.patch(f"{self._root}/releases/{draft['id']}", body)
        except GithubError as error:
            if BURNED not in str(error):
                raise
            raise StoreError(
                f"the GitHub Release {name} was deleted while releases were immutable, so GitHub "
                "gives its name to nobody, never again. Give the repository a DVC remote: `dvc "
                "remote add -d store s3://bucket/path`"
            ) from error

    def _asset(self, release: Mapping[str, Any]) -> Mapping[str, Any] | None:
        for asset in self._api.pages(f"{self._root}/releases/{release['id']}/assets"):
            if asset["name"] == ASSET and asset["state"] == "uploaded":
                wanted: Mapping[str, Any] = asset
                return wanted
        return None


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same bytes make the same bundle: no owner, no time, no mode of this machine."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o644
    return info
