"""DVC's interface: its objects, its errors as ours, and no list that climbs out of its folder."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.errors import StoreError
from delivery.storage.dvc import (
    at,
    files_of,
    hush,
    lend_remotes,
    objects,
    opened,
    outs,
    scratch,
    tracked,
)
from tests.origin import Origin

EVERYTHING = {"artifacts/data.txt", "artifacts/evaluation/metrics.json", "artifacts/model"}


@dataclass
class Info:
    value: str
    isdir: bool = False

    def __bool__(self) -> bool:
        return bool(self.value)


@dataclass
class Out:
    hash_info: Info

    def __str__(self) -> str:
        return "artifacts/model"


def test_outs_are_those_of_the_stages_by_path(pipeline: Origin) -> None:
    with opened(pipeline.path) as repo:
        assert set(outs(repo)) == set(tracked(repo)) == EVERYTHING


@pytest.mark.parametrize("variable", ["DVC_SITE_CACHE_DIR", "XDG_CONFIG_HOME"])
def test_a_place_of_dvc_that_cannot_be_used_is_named(
    pipeline: Origin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "file").touch()  # no folder can be made below it, not even by root
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    named = rf"dvc cannot use {tmp_path}/file.*{variable}"
    with pytest.raises(StoreError, match=named), opened(pipeline.path):
        pass


def test_a_commit_without_a_pipeline_has_no_outs(pipeline: Origin) -> None:
    first = pipeline.git("rev-list", "--max-parents=0", "HEAD")
    with opened(pipeline.path) as repo:
        with at(repo, first):
            assert outs(repo) == {}
        assert set(outs(repo)) == EVERYTHING


def test_every_object_has_its_file_in_the_cache(pipeline: Origin) -> None:
    with opened(pipeline.path) as repo:
        files = files_of(repo, outs(repo))
    assert len(files) == 5, "two files, a folder's list and the two files below it"
    assert all(file.is_file() for file in files.values())
    (listed,) = (oid for oid in files if oid.endswith(".dir"))
    assert {entry["md5"] for entry in json.loads(files[listed].read_text())} < set(files)


def test_a_folder_whose_list_nobody_has_stands_for_itself(pipeline: Origin) -> None:
    with opened(pipeline.path) as repo:
        model = outs(repo)["artifacts/model"]
        assert list(objects(model)) == [model.hash_info.value]
        assert len(objects(model, repo.cache.local)) == 3


@pytest.mark.parametrize("oid", ["../../etc/passwd", "A" * 32, "0" * 31, "0" * 32 + ".dirx"])
def test_an_id_that_is_no_md5_is_refused(oid: str) -> None:
    with pytest.raises(StoreError, match=r"artifacts/model: expected an md5 .*dvc repro"):
        objects(Out(Info(oid)))
    assert objects(Out(Info(""))) == ()


@pytest.mark.parametrize("path", ["../up", "a/../../up", "a//b", "./a"])
def test_a_list_that_climbs_out_of_its_folder_is_refused(pipeline: Origin, path: str) -> None:
    """It may come from anybody's branch."""
    with opened(pipeline.path) as repo:
        model = outs(repo)["artifacts/model"]
        file = Path(repo.cache.local.oid_to_path(model.hash_info.value))
        file.chmod(0o644)
        file.write_text(json.dumps([{"md5": "0" * 32, "relpath": path}]))
        with pytest.raises(StoreError, match="climbs out"):
            objects(model, repo.cache.local)


def test_what_dvc_refuses_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^dvc: "), opened(tmp_path):
        pass


def test_dvc_is_quiet_and_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_NO_ANALYTICS", "")
    hush()
    assert os.environ["DVC_NO_ANALYTICS"] == "1"
    assert logging.getLogger("dvc").level == logging.ERROR


def test_a_scratch_repository_has_the_same_store_and_leaves_nothing(
    pipeline: Origin, remote: Path, tmp_path: Path
) -> None:
    with opened(pipeline.path) as own:
        cache = own.cache.local.path
    with scratch(pipeline.path, tmp_path / "work") as repo:
        assert repo.cache.local.path == cache
        assert repo.config["remote"]["store"]["url"] == str(remote)
        assert repo.config["core"]["remote"] == "store"
        assert Path(repo.root_dir).parent == tmp_path / "work"
    assert list((tmp_path / "work").iterdir()) == []


def test_remotes_are_lent_with_what_a_person_keeps_to_himself(
    pipeline: Origin, remote: Path, tmp_path: Path
) -> None:
    """Credentials stand in config.local, a relative address is relative to its file."""
    with opened(pipeline.path) as repo, repo.config.edit("local") as config:
        config["remote"]["near"] = {"url": "../../near"}
        config["remote"]["far"] = {"url": "s3://far", "secret_access_key": "x"}
        config["core"]["remote"] = "far"
    other = tmp_path / "deep" / "other"
    other.mkdir(parents=True)
    subprocess.run(["dvc", "init", "-q", "--no-scm"], cwd=other, check=True)
    lend_remotes(pipeline.path, other)
    with opened(pipeline.path) as own, opened(other) as repo:
        assert repo.config["remote"] == own.config["remote"]
        assert repo.config["core"]["remote"] == "far"
    assert (other / ".dvc" / "config.local").stat().st_mode & 0o777 == 0o600
