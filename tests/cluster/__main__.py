"""A cluster for tests: `make cluster`, `make cluster-down`, `make test-cluster`.

    python -m tests.cluster up | down | test

Pods are processes; with NODE=1 in the environment they are containers of a kubelet. `test` uses
the cluster that KUBECONFIG names, or one that lives for as long as the tests. Where neither can be
had it says so in one line.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from delivery.errors import DeliveryError, InputError
from tests.checkout import ROOT
from tests.cluster import program
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import CHOSEN, NODE
from tests.cluster.node import Pods, lacking

WORKSPACE = ROOT / ".delivery"
STANDING, PASSING = WORKSPACE / "cluster", WORKSPACE / "cluster-of-tests"


def up(cluster: Cluster) -> None:
    """Raises InputError where NODE=1 asks for what this machine has not."""
    wanted = Pods.CONTAINERS if os.environ.get(NODE) else Pods.PROCESSES
    lacks = lacking(wanted, cluster.folder)
    if lacks and wanted is Pods.CONTAINERS:
        raise InputError(f"no kubelet can run here: {lacks}")
    if program.built() is None:
        print(f"building Kubernetes {program.version()}: once, for some minutes", flush=True)
    binary = program.build()
    begun = time.monotonic()
    cluster.up(binary, Pods.NONE if lacks else wanted)
    if lacks:
        print(f"no pods run in this cluster: {lacks}")
    print(f"ready after {time.monotonic() - begun:.1f} s: export KUBECONFIG={cluster.kubeconfig}")


def test() -> int:
    """The exit code of pytest; 0 where no cluster can be had."""
    if named := os.environ.get("KUBECONFIG"):
        return tested(named)
    cluster = Cluster(PASSING)
    try:
        up(cluster)
    except InputError as error:
        print(f"skipped all tests on a cluster: {error}")
        return 0
    try:
        return tested(str(cluster.kubeconfig))
    finally:
        cluster.down()


def tested(kubeconfig: str) -> int:
    command = [sys.executable, "-m", "pytest", "tests/cluster"]
    env = {**os.environ, CHOSEN: kubeconfig}
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("act", choices=("up", "down", "test"))
    act = parser.parse_args().act
    try:
        if act == "test":
            return test()
        up(Cluster(STANDING)) if act == "up" else Cluster(STANDING).down()
    except DeliveryError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
