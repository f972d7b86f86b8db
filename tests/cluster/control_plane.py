"""The parts of a control plane and how they are started: on 127.0.0.1, with TLS on every port."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster.authority import Authority, key_pem, private
from tests.cluster.containers.parts import NAME
from tests.cluster.node import Node, Pods
from tests.ports import free_ports

SERVICES = "10.96.0.0/16"  # addresses that nobody routes to: there is no kube-proxy
ISSUER = "https://kubernetes.default.svc"
PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Its files lie in `folder`; its ports are etcd's two and the API server's."""

    folder: Path
    program: Path
    ports: tuple[int, int, int]
    node: Node | None = None

    @classmethod
    def planned(cls, folder: Path, program: Path, pods: Pods) -> ControlPlane:
        """A new one on free ports, with its certificates, kubeconfigs and commands written."""
        first, second, server, gateway = free_ports(4)
        kubelet = str(program) if pods is Pods.CONTAINERS else ""
        node = Node(str(folder), server, gateway, kubelet) if pods is not Pods.NONE else None
        plane = cls(folder, program, (first, second, server), node)
        plane._write_credentials()
        if node:
            node.write()
        private(folder / PLAN, json.dumps(plane.commands()).encode())
        return plane

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.ports[2]}"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def commands(self) -> Mapping[str, Sequence[str]]:
        """Part → its command, in the order in which they are started."""
        parts = {
            "etcd": self._etcd(),
            "kube-apiserver": self._api_server(),
            "kube-controller-manager": self._controllers(),
            "kube-scheduler": self._scheduler(),
        }
        program = str(self.program)
        commands = {
            part: [program, part, *(f"--{flag}={value}" for flag, value in flags.items())]
            for part, flags in parts.items()
        }
        return {**commands, "node": self.node.command()} if self.node else commands

    def _write_credentials(self) -> None:
        authority = Authority.new(self._pki)
        authority.issue("server", "kube-apiserver")
        authority.issue("etcd", "etcd")
        authority.kubeconfig(self.kubeconfig, self.url, "admin", "system:masters")
        for part in ("kube-controller-manager", "kube-scheduler"):
            authority.kubeconfig(self._own(part), self.url, f"system:{part}")
        authority.issue("agent", "agent", "system:masters")
        authority.kubeconfig(self._own("kubelet"), self.url, f"system:node:{NAME}", "system:nodes")
        # Tokens of service accounts are signed with RS256.
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private(self._pki / "tokens.key", key_pem(key))

    def _etcd(self) -> Mapping[str, str]:
        client, peer = (f"https://127.0.0.1:{port}" for port in self.ports[:2])
        return {
            "name": "etcd",
            "data-dir": str(self.folder / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"etcd={peer}",
            "unsafe-no-fsync": "true",  # it need not outlive the machine
            **self._tls_of_etcd(""),
            **self._tls_of_etcd("peer-"),
        }

    def _tls_of_etcd(self, who: str) -> Mapping[str, str]:
        return {
            f"{who}cert-file": self._file("etcd.crt"),
            f"{who}key-file": self._file("etcd.key"),
            f"{who}trusted-ca-file": self._file("ca.crt"),
            f"{who}client-cert-auth": "true",
        }

    def _api_server(self) -> Mapping[str, str]:
        return {
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": str(self.ports[2]),
            "endpoint-reconciler-type": "none",  # a loopback address is no endpoint
            "etcd-servers": f"https://127.0.0.1:{self.ports[0]}",
            "etcd-cafile": self._file("ca.crt"),
            "etcd-certfile": self._file("server.crt"),
            "etcd-keyfile": self._file("server.key"),
            "tls-cert-file": self._file("server.crt"),
            "tls-private-key-file": self._file("server.key"),
            "client-ca-file": self._file("ca.crt"),
            "authorization-mode": "Node,RBAC",
            "anonymous-auth": "false",
            "allow-privileged": "true",  # as in other clusters: a namespace's pod security decides
            "service-cluster-ip-range": SERVICES,
            "service-account-issuer": ISSUER,
            "service-account-key-file": self._file("tokens.key"),
            "service-account-signing-key-file": self._file("tokens.key"),
        }

    def _controllers(self) -> Mapping[str, str]:
        return {
            **self._identity("kube-controller-manager"),
            "service-account-private-key-file": self._file("tokens.key"),
            "root-ca-file": self._file("ca.crt"),
            "use-service-account-credentials": "true",
            "horizontal-pod-autoscaler-sync-period": "2s",
            "horizontal-pod-autoscaler-downscale-stabilization": "10s",
        }

    def _scheduler(self) -> Mapping[str, str]:
        return self._identity("kube-scheduler")

    def _identity(self, part: str) -> Mapping[str, str]:
        own = str(self._own(part))
        return {
            "kubeconfig": own,
            "authentication-kubeconfig": own,
            "authorization-kubeconfig": own,
            "leader-elect": "false",  # there is one of each, and a start need not wait
            "bind-address": "127.0.0.1",
            "secure-port": "0",
        }

    def _own(self, part: str) -> Path:
        return self._pki / part

    def _file(self, name: str) -> str:
        return str(self._pki / name)

    @property
    def _pki(self) -> Path:
        return self.folder / "pki"
