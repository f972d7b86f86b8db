"""What a node needs is said before anything is started."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cluster.containers import surroundings
from tests.cluster.node import Pods, lacking


@pytest.fixture
def able(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has all; its programs lie there."""
    for name in ("containerd", "ctr", "runc", "ip"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cgroup.procs").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(surroundings, "PLUGINS", tmp_path)
    monkeypatch.setattr(surroundings, "CGROUPS", tmp_path)
    monkeypatch.setattr("tests.cluster.node.os.geteuid", lambda: 0)
    return tmp_path


def test_a_machine_that_has_all_lacks_nothing(able: Path) -> None:
    assert lacking(Pods.CONTAINERS, Path("/srv/checkout/.delivery/cluster")) == ""


@pytest.mark.parametrize("name", ["containerd", "ctr", "runc"])
def test_a_program_that_is_missing_is_named_with_its_package(name: str, able: Path) -> None:
    (able / name).unlink()
    assert shutil.which(name) is None
    told = lacking(Pods.CONTAINERS, Path("/srv/cluster"))
    assert "apt-get install containerd runc containernetworking-plugins" in told
    assert lacking(Pods.PROCESSES, Path("/srv/cluster")) == ""


@pytest.mark.parametrize("hidden", ["/run/x", "/var/lib/jenkins/x", "/var/log"])
def test_a_folder_that_the_node_would_hide_is_refused(hidden: str, able: Path) -> None:
    assert "a folder that a node hides" in lacking(Pods.CONTAINERS, Path(hidden))


def test_two_clusters_have_two_cgroups(tmp_path: Path) -> None:
    names = {surroundings.cgroup(tmp_path / name) for name in ("one", "two", "one")}
    assert len(names) == 2


def test_cgroups_are_removed_with_all_below_and_no_others(able: Path) -> None:
    own = able / "cpu" / surroundings.cgroup(able / "one")
    other = able / "cpu" / surroundings.cgroup(able / "two")
    for each in (own / "kubepods" / "pod", other):
        each.mkdir(parents=True)
    surroundings.remove_cgroups(able / "one")
    surroundings.remove_cgroups(able / "one")
    assert (own.exists(), other.exists()) == (False, True)
