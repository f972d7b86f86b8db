"""What a pod that divides clients reads of its cluster, with the account that it has."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from delivery.manifests.objects import Object
from delivery.targets.kubernetes.dividing.lease import NAME

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ANSWER = 3.0  # s
SERVICE = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The namespace of the account in `folder`. Every method raises httpx.HTTPError."""

    client: httpx.Client
    folder: Path
    namespace: str

    @classmethod
    def own(cls, folder: Path) -> Cluster:
        """That of this pod, whose account kubelet mounts in `folder`."""
        host, port = (os.environ[f"KUBERNETES_SERVICE_{part}"] for part in ("HOST", "PORT"))
        host = f"[{host}]" if ":" in host else host
        trusted = ssl.create_default_context(cafile=folder / "ca.crt")
        client = httpx.Client(
            base_url=f"https://{host}:{port}", verify=trusted, timeout=ANSWER, trust_env=False
        )
        return cls(client, folder, (folder / "namespace").read_text(encoding="utf-8").strip())

    def lease(self) -> Object:
        """The Lease that says how clients are divided."""
        return self._get(f"coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{NAME}")

    def addresses(self, releases: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """Release → the addresses of its pods that are ready."""
        names = sorted(releases)
        found = self._get(
            f"discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices",
            labelSelector=f"{SERVICE} in ({','.join(names)})",
        )
        addresses: dict[str, set[str]] = {name: set() for name in names}
        for each in found["items"]:
            for endpoint in each.get("endpoints") or ():
                if endpoint.get("conditions", {}).get("ready"):
                    addresses[each["metadata"]["labels"][SERVICE]].update(endpoint["addresses"])
        return {name: sorted(those) for name, those in addresses.items()}

    def _get(self, path: str, **asked: str) -> Object:
        token = (self.folder / "token").read_text(encoding="utf-8").strip()  # it is renewed
        answer = self.client.get(
            f"/apis/{path}", params=asked, headers={"Authorization": f"Bearer {token}"}
        )
        return dict(answer.raise_for_status().json())
