"""The store over a DVC remote that is a folder: what it keeps, what it lacks, what it gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from delivery.bento.digest import content_sha256, release_id
from delivery.documents import parse_yaml
from delivery.errors import InputError, StoreError
from delivery.state.record import FOLDER
from delivery.storage.github_releases import Bundles
from delivery.storage.store import Store
from tests.delivery.conftest import repro
from tests.origin import Origin

EVERYTHING = ["artifacts/data.txt", "artifacts/evaluation/metrics.json", "artifacts/model"]


@pytest.fixture
def store(pipeline: Origin, remote: Path) -> Store:
    return Store(pipeline.path, pipeline.path / ".delivery")


def head(pipeline: Origin) -> str:
    return pipeline.git("rev-parse", "HEAD")


def forget(pipeline: Origin) -> None:
    """No bytes here, as in a fresh clone."""
    shutil.rmtree(pipeline.path / "artifacts")
    shutil.rmtree(pipeline.path / ".dvc/cache")


def relock(pipeline: Origin, path: str, md5: str) -> str:
    """Commit a dvc.lock that gives an output another hash."""
    lock = pipeline.path / "dvc.lock"
    content = parse_yaml(lock.read_text(), "dvc.lock")
    for stage in content["stages"].values():
        for out in stage["outs"]:
            if out["path"] == path:
                out["md5"] = md5
    lock.write_text(json.dumps(content))
    return pipeline.push({}, "Relock")


def objects(remote: Path) -> list[Path]:
    return sorted(path for path in remote.rglob("*") if path.is_file())


def test_without_a_remote_there_is_no_place(pipeline: Origin) -> None:
    store = Store(pipeline.path, pipeline.path / ".delivery")
    for ask in (store.place, store.missing, lambda: store.push(head(pipeline))):
        with pytest.raises(InputError, match="dvc remote add"):
            ask()


def test_what_was_never_pushed_is_missing(store: Store, remote: Path) -> None:
    assert store.missing() == EVERYTHING
    with pytest.raises(StoreError, match=r"artifacts/data\.txt, .*`delivery push`"):
        store.require_held()


def test_what_was_pushed_is_held_and_asked_for_without_the_bytes(
    store: Store, remote: Path, pipeline: Origin
) -> None:
    assert store.push(head(pipeline)) == str(remote)
    forget(pipeline)
    assert store.missing() == []
    store.require_held()
    assert not (pipeline.path / "artifacts").exists()


def test_pushing_again_changes_nothing(store: Store, remote: Path, pipeline: Origin) -> None:
    store.push(head(pipeline))
    before = [(path, path.stat().st_mtime_ns) for path in objects(remote)]
    store.push(head(pipeline))
    assert [(path, path.stat().st_mtime_ns) for path in objects(remote)] == before


def test_each_object_that_is_gone_is_named_by_its_path(
    store: Store, remote: Path, pipeline: Origin
) -> None:
    store.push(head(pipeline))
    found = objects(remote)
    assert len(found) == 5, "two files, and a folder of two with its list"
    named = set()
    for lost in found:
        away = lost.rename(lost.with_name("away"))
        (path,) = store.missing()  # the cache still has it: that is not the store
        named.add(path)
        away.rename(lost)
    assert named == set(EVERYTHING)


def test_bytes_that_are_nowhere_cannot_be_kept(
    store: Store, remote: Path, pipeline: Origin
) -> None:
    forget(pipeline)
    with pytest.raises(StoreError, match=r"lacks .*artifacts/model"):
        store.push(head(pipeline))


def test_bytes_that_the_store_has_need_not_be_here(
    store: Store, remote: Path, pipeline: Origin
) -> None:
    store.push(head(pipeline))
    forget(pipeline)
    assert store.push(head(pipeline)) == str(remote)


def test_a_revision_is_kept_though_the_work_tree_is_at_another(
    store: Store, remote: Path, pipeline: Origin
) -> None:
    first = head(pipeline)
    (pipeline.path / "raw.txt").write_text("two\n")
    repro(pipeline.path)
    newer = pipeline.push({}, "Two")
    pipeline.git("switch", "--quiet", "--detach", first)
    store.keep(newer, first)
    assert store.missing() == ["artifacts/data.txt", "artifacts/model"], "not asked for"
    pipeline.git("switch", "--quiet", "--detach", newer)
    assert store.missing() == []


def test_a_path_is_laid_out_as_it_was_at_a_commit(
    store: Store, remote: Path, pipeline: Origin, tmp_path: Path
) -> None:
    commit = head(pipeline)
    store.push(commit)
    forget(pipeline)
    (pipeline.path / "dvc.lock").unlink()
    found = store.get(commit, "artifacts/model", tmp_path / "model")
    assert (found / "deep/weights").read_text() == "fitted-on-one\n"
    assert store.metrics(commit, EVERYTHING[1]) == {"loss": 0.4}


def test_bytes_that_cannot_be_had_leave_nothing(
    store: Store, remote: Path, pipeline: Origin, tmp_path: Path
) -> None:
    forget(pipeline)
    with pytest.raises(StoreError, match="nothing is rebuilt"):
        store.get(head(pipeline), "artifacts/model", tmp_path / "model")
    assert not (tmp_path / "model").exists()
    assert store.metrics(head(pipeline), EVERYTHING[1]) == {}


@pytest.mark.parametrize("text", ["no JSON", "[1]"])
def test_metrics_that_are_none_are_empty(
    store: Store, remote: Path, pipeline: Origin, text: str
) -> None:
    train = f"mkdir -p artifacts/model artifacts/evaluation; printf '%s' '{text}' >{EVERYTHING[1]}"
    (pipeline.path / "train.sh").write_text(train)
    repro(pipeline.path)
    assert store.metrics(pipeline.push({}, "Other"), EVERYTHING[1]) == {}


NO_HASHES = ["../../../secret", "", "0" * 31, "G" * 32, "/etc/hostname", "0" * 32 + "\n"]


@pytest.mark.parametrize("name", NO_HASHES)
def test_a_lock_that_names_a_file_in_place_of_a_hash_gives_nothing_away(
    store: Store, remote: Path, pipeline: Origin, name: str
) -> None:
    """A hash is a path in the cache: one that climbs out would publish what lies there."""
    (pipeline.path / ".dvc/secret").write_text("secret")
    relock(pipeline, "artifacts/data.txt", name)
    with pytest.raises(StoreError):
        store.push(head(pipeline))
    assert not any("secret" in path.read_text() for path in objects(remote))


def test_a_folder_whose_list_climbs_out_is_not_laid_out(
    store: Store, remote: Path, pipeline: Origin, tmp_path: Path
) -> None:
    import hashlib

    found = next((pipeline.path / ".dvc/cache").rglob("*.dir"))
    entries = json.loads(found.read_text())
    entries[0]["relpath"] = "../../climbed"
    text = json.dumps(entries)
    md5 = hashlib.md5(text.encode()).hexdigest()
    place = found.parents[1] / md5[:2] / f"{md5[2:]}.dir"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    commit = relock(pipeline, "artifacts/model", f"{md5}.dir")
    with pytest.raises(StoreError, match="climbs"):
        store.get(commit, "artifacts/model", tmp_path / "a/b/model")
    assert not list(tmp_path.rglob("climbed"))
    with pytest.raises(StoreError, match="climbs"):
        store.push(commit)


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    folder = tmp_path / "bento"
    (folder / "src").mkdir(parents=True)
    (folder / "src/service.py").write_text("pass\n")
    (folder / "bento.yaml").write_text("name: x\n")
    return folder


def released(store: Store, pipeline: Origin, bento: Path) -> tuple[str, str, str]:
    """Put a bento; its id, its hash and the commit that has its pointer."""
    sha256 = content_sha256(bento)
    release = release_id(sha256)
    pointer = store.put(release, bento, head(pipeline))
    return release, sha256, pipeline.push({f"{FOLDER}/{release}.dvc": pointer}, "Release")


def test_a_bento_comes_back_by_its_hash(
    store: Store, remote: Path, pipeline: Origin, bento: Path
) -> None:
    release, sha256, commit = released(store, pipeline, bento)
    forget(pipeline)
    found = store.bento(release, sha256, commit)
    assert content_sha256(found) == sha256
    assert store.bento(release, sha256, commit) == found


def test_a_remote_beside_the_checkout_may_be_named_relatively(
    store: Store, remote: Path, pipeline: Origin, bento: Path
) -> None:
    config = pipeline.path / ".dvc/config"
    config.write_text(config.read_text().replace(str(remote), "../../remote"))
    release, sha256, commit = released(store, pipeline, bento)
    forget(pipeline)
    assert objects(remote)
    assert content_sha256(store.bento(release, sha256, commit)) == sha256


def test_a_bento_that_was_changed_here_is_refused_and_fetched_anew(
    store: Store, remote: Path, pipeline: Origin, bento: Path
) -> None:
    release, sha256, commit = released(store, pipeline, bento)
    found = store.bento(release, sha256, commit)
    (found / "src/service.py").chmod(0o644)
    (found / "src/service.py").write_text("evil\n")
    with pytest.raises(StoreError, match="corrupted"):
        store.bento(release, sha256, commit)
    assert content_sha256(store.bento(release, sha256, commit)) == sha256


def test_a_release_takes_along_what_its_commit_was_made_from(
    pipeline: Origin, bento: Path, tmp_path: Path
) -> None:
    """Not what the work tree happens to hold: the checkout may be on another branch."""

    class Recorded(Bundles):
        def __init__(self) -> None:
            self.place = "here"
            self.kept: dict[str, set[str]] = {}

        def keep(self, name: str, objects: Mapping[str, Path], commit: str) -> None:
            self.kept[name] = {
                file.read_text() for oid, file in objects.items() if not oid.endswith(".dir")
            }

    bundles = Recorded()
    store = Store(pipeline.path, pipeline.path / ".delivery", bundles)
    commit = head(pipeline)
    (pipeline.path / "raw.txt").write_text("another branch\n")
    repro(pipeline.path)
    release = release_id(content_sha256(bento))
    store.put(release, bento, commit)
    assert {"one\n", "fitted-on-one\n", "pass\n"} <= bundles.kept[release]
    assert "another branch\n" not in bundles.kept[release]


def damage(file: Path) -> None:
    """Another last byte, and as read-only as before: DVC believes it."""
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    file.chmod(0o444)


def cached(pipeline: Origin) -> dict[Path, bytes]:
    files = objects(pipeline.path / ".dvc/cache/files")
    return {file: file.read_bytes() for file in files}


def test_a_damaged_cache_is_fetched_anew(
    store: Store, remote: Path, pipeline: Origin, bento: Path
) -> None:
    release, sha256, commit = released(store, pipeline, bento)
    before = cached(pipeline)
    for file in before:
        damage(file)
    assert content_sha256(store.bento(release, sha256, commit)) == sha256
    changed = {file for file, content in cached(pipeline).items() if content != before[file]}
    assert {file.name for file in changed}.isdisjoint({file.name for file in objects(remote)})


def test_a_damaged_cache_of_what_a_commit_names_is_fetched_anew(
    store: Store, remote: Path, pipeline: Origin, tmp_path: Path
) -> None:
    store.push(head(pipeline))
    for file in cached(pipeline):
        damage(file)
    found = store.get(head(pipeline), "artifacts/model", tmp_path / "model")
    assert (found / "deep/weights").read_text() == "fitted-on-one\n"


def test_a_remote_is_blamed_if_it_is_really_wrong(
    store: Store, remote: Path, pipeline: Origin, tmp_path: Path
) -> None:
    store.push(head(pipeline))
    for file in (*cached(pipeline), *objects(remote)):
        damage(file)
    for _ in range(2):
        with pytest.raises(StoreError, match=rf"the copy in {remote}\S* is corrupted"):
            store.get(head(pipeline), "artifacts/model", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_damaged_object_that_no_remote_has_is_said_to_be_nowhere(
    store: Store, remote: Path, pipeline: Origin, tmp_path: Path
) -> None:
    for file in cached(pipeline):
        damage(file)
    with pytest.raises(StoreError, match="neither in the DVC cache nor"):
        store.get(head(pipeline), "artifacts/data.txt", tmp_path / "data")
