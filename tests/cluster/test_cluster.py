"""The cluster comes up, comes back after a kill, and leaves nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

import psutil
import pytest

from delivery.processes.marks import carriers
from delivery.processes.ports import listening
from tests.cluster import program
from tests.cluster.cluster import Cluster, alone
from tests.cluster.conftest import CHOSEN


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One of these tests alone, whose parts they may end."""
    made = Cluster(tmp_path_factory.mktemp("own") / "cluster")
    yield made
    made.down()


@pytest.fixture
def cluster(own: Cluster) -> Cluster:
    """The same, up."""
    binary = program.built()
    if not os.environ.get(CHOSEN) or binary is None:
        pytest.skip("needs the program of a cluster: `make test-cluster` builds it")
    own.up(binary)
    return own


def processes(cluster: Cluster) -> list[psutil.Process]:
    return list(carriers(str(cluster.process.file.absolute())))


def test_a_part_that_dies_is_started_again(cluster: Cluster) -> None:
    (server,) = (each for each in processes(cluster) if "kube-apiserver" in each.cmdline())
    server.kill()
    server.wait(10)
    cluster._await_ready()
    assert cluster.kubectl("get", "--raw", "/livez") == "ok"


def test_nobody_without_a_certificate_is_answered(cluster: Cluster) -> None:
    refused = cluster.kubectl.try_to(
        "get", "namespaces", "--client-certificate=/dev/null", "--client-key=/dev/null"
    )
    assert refused.returncode


def test_it_comes_up_dies_comes_back_and_goes(cluster: Cluster) -> None:
    binary = program.built()
    first = {process.pid for process in processes(cluster)}
    cluster.up(binary)
    assert {process.pid for process in processes(cluster)} == first

    private = [file for file in cluster.folder.rglob("*") if file.suffix in (".key", ".crt")]
    for file in [cluster.kubeconfig, *private]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    addresses = {
        connection.laddr.ip
        for process in processes(cluster)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}

    if alone():  # the kernel ends the rest with the first
        leader = cluster.process.leader()
        others = [process for process in processes(cluster) if process != leader]
        assert len(others) >= 5
        leader.kill()
        psutil.wait_procs(others, timeout=10)
        assert not [process for process in others if process.is_running()]
    cluster.up(binary)
    assert "default" in cluster.kubectl("get", "namespaces", "--output=name")

    ports = {port for _, port in listening(processes(cluster))}
    cluster.down()
    cluster.down()
    assert not processes(cluster)
    assert not cluster.folder.exists()
    assert not ports & {port for _, port in listening(psutil.process_iter())}
