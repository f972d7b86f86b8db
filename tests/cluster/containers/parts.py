"""containerd and kubelet: what each is told, and how it is started."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from delivery.files import program
from tests.cluster.containers.surroundings import PLUGINS, cgroup

SOCKET = "run/containerd/containerd.sock"
NAME, ADDRESS = (
    "node",
    "198.19.0.1",
)  # of the node. A network for benchmarks, in a network that has no way out
PODS = "198.18.0.0/16"
PAUSE = "cluster.test/pause:made"
NETWORK = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]]},
        }
    ],
}
CONTAINERD = """
version = 2
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # A root without CAP_SYS_RESOURCE cannot lower it.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{plugins}"
  conf_dir = "{networks}"
"""


def write(folder: Path) -> None:
    """What they read, into `folder`."""
    networks = folder / "networks"
    networks.mkdir(parents=True)
    (networks / "pods.conflist").write_text(json.dumps(NETWORK))
    told = CONTAINERD.format(pause=PAUSE, plugins=PLUGINS, networks=networks)
    (folder / "containerd.toml").write_text(told)
    (folder / "kubelet.json").write_text(json.dumps(_kubelet(folder)))


def commands(folder: Path, binary: Path, kubeconfig: Path) -> Mapping[str, Sequence[str]]:
    """Part → its command."""
    return {
        "containerd": [program("containerd"), "--config", str(folder / "containerd.toml")],
        "kubelet": [
            str(binary),
            "kubelet",
            f"--config={folder / 'kubelet.json'}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
        ],
    }


def _kubelet(folder: Path) -> Mapping[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix:///{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup(folder)}",
        "failCgroupV1": False,
        "protectKernelDefaults": True,
        "makeIPTablesUtilChains": False,
        "failSwapOn": False,
        "resolvConf": "",
        # No port: who reads a log or opens a shell has the machine.
        "enableServer": False,
        "healthzPort": 0,
        # The disk is that of the machine, and others fill it.
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
    }
