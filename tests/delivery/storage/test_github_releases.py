"""The store of a repository without a DVC remote: GitHub Releases, over HTTP."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.errors import StoreError
from delivery.git.command import GitError
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from delivery.github.retry import Patience
from delivery.storage.github_releases import ASSET, Bundles
from tests.github.hub import Hub
from tests.github.releases import make_asset
from tests.origin import Origin

NAME = "lock-0123456789ab"


@dataclass(frozen=True)
class Cache:
    """Where DVC keeps objects; the real one has its own tests."""

    folder: Path

    def oid_to_path(self, oid: str) -> str:
        return str(self.folder / oid[:2] / oid[2:])

    def contents(self) -> set[str]:
        return {path.read_text() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Origin]]:
    """One GitHub for all tests, whose main touches workflows; each begins without releases."""
    from tests.origin import make_origin

    origin: Origin = make_origin(tmp_path_factory.mktemp("hub"))
    origin.push({".github/workflows/ci.yml": "on: push\n"}, "A workflow")
    with Hub(origin.bare, rulesets=()) as hub:
        yield hub, origin


@pytest.fixture
def origin(running: tuple[Hub, Origin]) -> Origin:
    return running[1]


@pytest.fixture
def hub(running: tuple[Hub, Origin]) -> Hub:
    hub, _ = running
    hub.immutable = False
    hub.burned.clear()
    for name in [found["tag_name"] for found in hub.releases.values()]:
        hub.bare.git("update-ref", "-d", f"refs/tags/{name}")
    hub.releases.clear()
    hub.requests.clear()
    hub.faults.clear()
    return hub


@pytest.fixture
def commit(origin: Origin) -> str:
    return origin.git("rev-parse", "HEAD")


@pytest.fixture
def bundles(hub: Hub, origin: Origin) -> Bundles:
    return make(hub, origin, "write")


def make(hub: Hub, origin: Origin, level: str) -> Bundles:
    """As a job has it, whose token has no right to write workflows."""
    token = hub.token(hub.bot, {"contents": level})
    patience = Patience(3, 300.0, lambda _: None, lambda: 0.0, lambda: 0.0)
    origin.git("remote", "set-url", "origin", hub.clone_url(token))
    return Bundles(GithubApi(hub.url, token, patience=patience), hub.slug, origin.repository)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def made(folder: Path, *texts: str) -> dict[str, Path]:
    """Files by DVC id; the last is the list of a folder."""
    folder.mkdir(exist_ok=True)
    found = {}
    for text in texts:
        md5 = hashlib.md5(text.encode()).hexdigest()
        oid = f"{md5}.dir" if text == texts[-1] else md5
        found[oid] = folder / f"{oid}-here"
        found[oid].write_text(text)
    return found


def release(hub: Hub, name: str = NAME) -> dict:  # type: ignore[type-arg]
    (found,) = (found for found in hub.releases.values() if found["tag_name"] == name)
    return found


def put_tar(hub: Hub, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> None:
    """What somebody with the right to write put there by hand."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    put_bytes(hub, file.getvalue())


def put_bytes(hub: Hub, content: bytes) -> None:
    writer = hub.person("ada", "admin")
    hub.ask(writer, "POST", "/releases", {"tag_name": NAME, "prerelease": True})
    make_asset(hub, release(hub), ASSET, content)


def member(name: str, content: bytes = b"") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def good(text: bytes = b"good") -> tuple[tarfile.TarInfo, bytes]:
    return member(hashlib.md5(text).hexdigest(), text)


def test_what_is_kept_comes_back(
    bundles: Bundles, hub: Hub, commit: str, cache: Cache, tmp_path: Path
) -> None:
    assert not bundles.holds(NAME)
    assert not bundles.bring([NAME], cache)
    bundles.keep(NAME, made(tmp_path / "a", "one", "two", "[]"), commit)
    assert bundles.holds(NAME)
    assert bundles.bring([NAME], cache)
    assert cache.contents() == {"one", "two", "[]"}
    assert hub.bare.commit(f"refs/tags/{NAME}") == commit


def test_a_token_that_may_only_read_brings(
    bundles: Bundles, hub: Hub, origin: Origin, commit: str, cache: Cache, tmp_path: Path
) -> None:
    bundles.keep(NAME, made(tmp_path / "a", "one"), commit)
    reader = make(hub, origin, "read")
    assert reader.bring([NAME], cache)
    with pytest.raises(GitError, match="403"):
        reader.keep("lock-other", made(tmp_path / "b", "two"), commit)


@pytest.mark.parametrize(("name", "prerelease"), [(NAME, True), ("r-0123456789ab", False)])
def test_a_release_is_shown_as_one_and_the_rest_is_not(
    bundles: Bundles, hub: Hub, commit: str, tmp_path: Path, name: str, prerelease: bool
) -> None:
    bundles.keep(name, made(tmp_path / "a", "one"), commit)
    assert release(hub, name)["prerelease"] is prerelease


def test_what_is_there_is_adopted(bundles: Bundles, hub: Hub, commit: str, tmp_path: Path) -> None:
    files = made(tmp_path / "a", "one")
    bundles.keep(NAME, files, commit)
    hub.requests.clear()
    bundles.keep(NAME, files, commit)
    assert {method for method, _ in hub.requests} == {"GET"}
    assert len(release(hub)["assets"]) == 1


def test_the_same_bytes_make_the_same_bundle(
    bundles: Bundles, hub: Hub, commit: str, tmp_path: Path
) -> None:
    first, second = made(tmp_path / "a", "one", "two"), made(tmp_path / "b", "one", "two")
    for file in second.values():
        file.chmod(0o700)
    bundles.keep(NAME, first, commit)
    bundles.keep("lock-other", dict(reversed(second.items())), commit)
    digests = {found["assets"][0]["digest"] for found in hub.releases.values()}
    assert len(digests) == 1


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("method", ["POST /releases$", "POST /assets", "PATCH /releases/"])
def test_killed_anywhere_it_ends_the_same_when_run_again(
    bundles: Bundles, hub: Hub, commit: str, cache: Cache, tmp_path: Path,
    method: str, done: bool,
) -> None:  # fmt: skip
    """Even where a release that is published takes nothing more."""
    hub.immutable = True
    files = made(tmp_path / "a", "one")
    verb, _, pattern = method.partition(" ")
    hub.fail_next(verb, pattern, 401, carried_out=done)  # what no try of the client mends
    with pytest.raises(GithubError):
        bundles.keep(NAME, files, commit)
    assert bundles.holds(NAME) is (verb == "PATCH" and done)
    bundles.keep(NAME, files, commit)
    assert not release(hub)["draft"]
    assert len(hub.releases) == len(release(hub)["assets"]) == 1
    assert bundles.bring([NAME], cache)


def test_an_upload_that_was_cut_short_is_no_bundle_and_is_made_anew(
    bundles: Bundles, hub: Hub, commit: str, cache: Cache, tmp_path: Path
) -> None:
    hub.ask(hub.person("ada", "admin"), "POST", "/releases", {"tag_name": NAME})
    make_asset(hub, release(hub), ASSET, b"half", state="starter")
    assert not bundles.holds(NAME)
    assert not bundles.bring([NAME], cache)
    bundles.keep(NAME, made(tmp_path / "a", "one"), commit)
    assert bundles.bring([NAME], cache)


def test_the_first_that_is_there_is_taken(
    bundles: Bundles, hub: Hub, commit: str, cache: Cache, tmp_path: Path
) -> None:
    bundles.keep("lock-second", made(tmp_path / "a", "second"), commit)
    bundles.keep("lock-third", made(tmp_path / "b", "third"), commit)
    hub.ask(hub.person("ada", "admin"), "POST", "/releases", {"tag_name": "lock-first"})
    assert bundles.bring(["lock-none", "lock-first", "lock-second", "lock-third"], cache)
    assert cache.contents() == {"second"}


def test_bytes_that_are_not_here_are_not_promised(
    bundles: Bundles, hub: Hub, commit: str, tmp_path: Path
) -> None:
    files = made(tmp_path / "a", "one", "two")
    lost, file = next(iter(files.items()))
    file.unlink()
    with pytest.raises(StoreError, match=f"lacks 1 .*{lost}"):
        bundles.keep(NAME, files, commit)
    assert not hub.releases


def test_a_bundle_that_was_published_without_its_bytes_is_filled(
    bundles: Bundles, hub: Hub, commit: str, cache: Cache, tmp_path: Path
) -> None:
    """As a version that published first left it when it was killed."""
    hub.ask(hub.person("ada", "admin"), "POST", "/releases", {"tag_name": NAME})
    bundles.keep(NAME, made(tmp_path / "a", "one"), commit)
    assert len(hub.releases) == 1
    assert bundles.bring([NAME], cache)


def test_a_name_that_was_burned_is_refused_with_the_way_out(
    bundles: Bundles, hub: Hub, commit: str, tmp_path: Path
) -> None:
    hub.burned.add(NAME)
    with pytest.raises(StoreError, match=f"{NAME} was deleted .*never again.*dvc remote add"):
        bundles.keep(NAME, made(tmp_path / "a", "one"), commit)


def test_a_bundle_larger_than_github_takes_is_refused_with_the_way_out(
    bundles: Bundles, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.storage.github_releases.LARGEST", 10)
    with pytest.raises(StoreError, match="dvc remote add"):
        bundles.keep(NAME, made(tmp_path / "a", "one"), commit)


def _link(kind: bytes, name: str, to: str) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info, b""


MD5 = "0123456789abcdef" * 2
HOSTILE: dict[str, Callable[[], list[tuple[tarfile.TarInfo, bytes]]]] = {
    "other bytes": lambda: [member(MD5, b"evil")],
    "no hash": lambda: [member("config.local", b"evil")],
    "climbs": lambda: [member("../climbed", b"evil")],
    "absolute": lambda: [member("/tmp/climbed-from-a-bundle", b"evil")],
    "deep": lambda: [member("a/b", b"evil")],
    "link": lambda: [_link(tarfile.SYMTYPE, MD5, next(iter([good()]))[0].name)],
    "link out": lambda: [_link(tarfile.SYMTYPE, MD5, "/etc/hostname")],
    "hard link out": lambda: [_link(tarfile.LNKTYPE, MD5, "../../../etc/hostname")],
    "pipe": lambda: [_link(tarfile.FIFOTYPE, MD5, "")],
    "device": lambda: [_link(tarfile.CHRTYPE, MD5, "")],
    "folder": lambda: [_link(tarfile.DIRTYPE, MD5, "")],
    "itself": lambda: [member(ASSET, b"evil")],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_of_a_bundle_that_was_tampered_with_nothing_is_taken(
    bundles: Bundles, hub: Hub, cache: Cache, what: str, tmp_path: Path
) -> None:
    put_tar(hub, [good(), *HOSTILE[what](), good(b"also good")])
    with pytest.raises(StoreError, match=f"{NAME} is corrupted"):
        bundles.bring([NAME], cache)
    assert not cache.folder.exists()
    assert not list(tmp_path.rglob("climbed*"))
    assert not Path("/tmp/climbed-from-a-bundle").exists()


@pytest.mark.parametrize("content", [b"", b"no tar", b"x" * 2000])
def test_what_is_no_tar_is_corrupted(
    bundles: Bundles, hub: Hub, cache: Cache, content: bytes
) -> None:
    put_bytes(hub, content)
    with pytest.raises(StoreError, match="corrupted"):
        bundles.bring([NAME], cache)


def test_a_bundle_is_never_unpacked_from_a_smaller_one(
    bundles: Bundles, hub: Hub, cache: Cache
) -> None:
    """A few compressed bytes could fill the disk."""
    put_tar(hub, [good()], mode="w:gz")
    with pytest.raises(StoreError, match="corrupted"):
        bundles.bring([NAME], cache)


def test_an_object_that_is_here_already_stays(
    bundles: Bundles, commit: str, cache: Cache, tmp_path: Path
) -> None:
    files = made(tmp_path / "a", "one")
    bundles.keep(NAME, files, commit)
    place = Path(cache.oid_to_path(next(iter(files))))
    place.parent.mkdir(parents=True)
    place.write_text("one")
    before = place.stat()
    bundles.bring([NAME], cache)
    assert place.stat().st_ino == before.st_ino


def test_a_github_that_fails_is_not_an_empty_store(bundles: Bundles, hub: Hub) -> None:
    hub.fail_next("GET", "/releases/tags/", 500, times=9)
    with pytest.raises(GithubError):
        bundles.holds(NAME)
