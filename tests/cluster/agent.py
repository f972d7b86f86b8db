"""Stands in for kubelet: each pod is a process of this machine.

    python -m tests.cluster.agent FOLDER

It registers a node, starts what the scheduler puts there, asks the probes of the manifest, reports
what they find, and ends pods by preStop, SIGTERM and grace. FOLDER/images.json says which command
an image stands for; others cannot be pulled. What a container engine holds back (memory, files,
users, system calls) is not held back here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

NAME, CAPACITY = "node", {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}
IMAGES = "images.json"
LOOK, RENEWAL = 0.2, 5.0  # s
BACKOFF = 2.0  # s between two starts; kubelet begins with 10
CRASHES = 2  # in a row, and it is a loop


@dataclass
class Pod:
    """One pod at `address`: its process, and what its probes found."""

    folder: Path
    address: str
    spec: Mapping[str, Any]
    uid: str
    account: Mapping[str, str]  # variables that lead to the API server, where it has a token
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ready: bool = False
    restarts: int = 0
    waiting: Mapping[str, str] = field(default_factory=lambda: {"reason": "ContainerCreating"})
    ending: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    told: Any = None

    @property
    def container(self) -> Mapping[str, Any]:
        return self.spec["containers"][0]

    def live(self, images: Path) -> None:
        """From its start to its end, with its probes; a thread of its own."""
        while not self.ending.is_set():
            image = json.loads(images.read_text()).get(self.container["image"])
            if image is None:
                self.waiting = {"reason": "ImagePullBackOff", "message": "no such image here"}
                self.ending.wait(BACKOFF)
                continue
            self._start(image)
            self._watch()
            if not self.ending.is_set():
                self.restarts += 1
                loops = self.restarts >= CRASHES
                reason = "CrashLoopBackOff" if loops else "ContainerCreating"
                self.waiting, self.ready = {"reason": reason, "message": self._last()}, False
                self.ending.wait(BACKOFF)
        self._end()
        self.ended.set()

    def _start(self, image: Mapping[str, Any]) -> None:
        given = {each["name"]: each.get("value") for each in self.container.get("env", [])}
        env = {
            "PATH": os.environ["PATH"],
            **{name: value for name, value in given.items() if value is not None},
            **image.get("env", {}),
            **self.account,
            "POD_ADDRESS": self.address,
            "HOME": str(self.folder),
            "BENTOML_HOME": str(self.folder / "bentoml"),
        }
        known = {"POD_ADDRESS": self.address, "POD_ACCOUNT": str(self.folder / "account")}
        command = [known.get(part, part) for part in image["command"]]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=env, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        self.started = time.monotonic()

    def _watch(self) -> None:
        """Until it ends, has to end, or its probes give it up."""
        assert self.process
        if not self._comes_up():
            self._kill()
            return
        due = {"readinessProbe": 0.0, "livenessProbe": time.monotonic()}
        failed = dict.fromkeys(due, 0)
        while self.process.poll() is None and not self.ending.is_set():
            for name in due:
                probe = self.container[name]
                if time.monotonic() < due[name]:
                    continue
                due[name] = time.monotonic() + probe["periodSeconds"]
                failed[name] = 0 if self._asks(probe) else failed[name] + 1
                bad = failed[name] >= probe["failureThreshold"]
                if name == "readinessProbe":
                    self.ready = not bad
                elif bad:
                    self._kill()
            self.ending.wait(0.1)

    def _comes_up(self) -> bool:
        assert self.process
        probe = self.container["startupProbe"]
        for _ in range(probe["failureThreshold"]):
            if self.process.poll() is not None or self.ending.is_set():
                return self.ending.is_set()
            if self._asks(probe):
                return True
            self.ending.wait(probe["periodSeconds"])
        return False

    def _asks(self, probe: Mapping[str, Any]) -> bool:
        named = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        asked = probe["httpGet"]
        url = f"http://{self.address}:{named[asked['port']]}{asked['path']}"
        with suppress(httpx.TransportError):
            return httpx.get(url, timeout=probe["timeoutSeconds"], trust_env=False).is_success
        return False

    def _end(self) -> None:
        """As its manifest says: preStop, SIGTERM, and SIGKILL when its grace is over."""
        if self.process is None:
            return
        deadline = time.monotonic() + self.spec["terminationGracePeriodSeconds"]
        if self.process.poll() is None:
            time.sleep(self.container["lifecycle"]["preStop"]["sleep"]["seconds"])
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self._kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self) -> None:
        assert self.process
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _last(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing"

    def status(self) -> Mapping[str, Any]:
        """As kubelet reports it."""
        runs = self.process is not None and self.process.poll() is None
        kinds = {"PodScheduled": True, "Initialized": True}
        kinds |= {"ContainersReady": runs and self.ready, "Ready": runs and self.ready}
        state = {"running": {}} if runs else {"waiting": dict(self.waiting)}
        return {
            "phase": "Running" if runs or self.restarts else "Pending",
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "conditions": [{"type": name, "status": str(value)} for name, value in kinds.items()],
            "containerStatuses": [
                {
                    "name": self.container["name"],
                    "image": self.container["image"],
                    "imageID": self.container["image"],
                    "ready": runs and self.ready,
                    "restartCount": self.restarts,
                    "state": state,
                }
            ],
        }


@dataclass
class Agent:
    """The node in `folder`, as `api` knows it."""

    folder: Path
    api: httpx.Client
    pods: dict[str, Pod] = field(default_factory=dict)
    count: int = 0

    def run(self) -> None:
        """Until it is killed. An API server that is away changes nothing of what runs."""
        renewed = 0.0
        while True:
            try:
                if time.monotonic() > renewed + RENEWAL:
                    self._register()
                    renewed = time.monotonic()
                self._look()
            except httpx.HTTPError as error:
                print(repr(error), file=sys.stderr, flush=True)
            time.sleep(LOOK)

    def _register(self) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}}
        node["metadata"]["labels"] = {"kubernetes.io/hostname": NAME}  # type: ignore[index]
        self.api.post("/api/v1/nodes", json=node)  # 409 where it is there
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}
        ready |= {"lastHeartbeatTime": _now(), "lastTransitionTime": _now()}
        status = {"capacity": CAPACITY, "allocatable": CAPACITY, "conditions": [ready]}
        self._patch(f"/api/v1/nodes/{NAME}/status", {"status": status})

    def _look(self) -> None:
        listed = self.api.get("/api/v1/pods", params={"fieldSelector": f"spec.nodeName={NAME}"})
        found = {
            each["metadata"]["uid"]: each for each in listed.raise_for_status().json()["items"]
        }
        for uid, each in found.items():
            pod = self.pods.get(uid)
            if pod is None and "deletionTimestamp" not in each["metadata"]:
                pod = self.pods[uid] = self._begin(each["metadata"], each["spec"])
            if "deletionTimestamp" in each["metadata"]:
                self._delete(pod, each["metadata"])
            elif pod:
                self._report(pod, each["metadata"])
        for uid in self.pods.keys() - found.keys():  # deleted by force
            self.pods[uid].ending.set()

    def _begin(self, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Pod:
        self.count += 1
        uid = metadata["uid"]
        address = f"198.18.{self.count // 250}.{self.count % 250 + 1}"
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
        folder = self.folder / "pods" / uid
        folder.mkdir(parents=True)
        pod = Pod(folder, address, spec, uid, self._account(folder, metadata, spec))
        threading.Thread(target=pod.live, args=(self.folder / IMAGES,), daemon=True).start()
        return pod

    def _account(
        self, folder: Path, metadata: Mapping[str, Any], spec: Mapping[str, Any]
    ) -> Mapping[str, str]:
        """What kubelet mounts, in `folder`/account, and the variables that lead to the API server;
        nothing without a token."""
        if not spec.get("automountServiceAccountToken"):
            return {}
        place = metadata["namespace"]
        path = f"/api/v1/namespaces/{place}/serviceaccounts/{spec['serviceAccountName']}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        made = self.api.post(path, json=asked).raise_for_status().json()
        account = folder / "account"
        account.mkdir()
        (account / "token").write_text(made["status"]["token"])
        (account / "namespace").write_text(place)
        shutil.copy(self.folder / "pki" / "ca.crt", account)
        url = self.api.base_url
        return {"KUBERNETES_SERVICE_HOST": url.host, "KUBERNETES_SERVICE_PORT": str(url.port)}

    def _delete(self, pod: Pod | None, metadata: Mapping[str, Any]) -> None:
        if pod:
            pod.ending.set()
            if not pod.ended.is_set():
                return
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
        self.api.request("DELETE", _path(metadata), json=options)

    def _report(self, pod: Pod, metadata: Mapping[str, Any]) -> None:
        status = pod.status()
        if status != pod.told:
            self._patch(f"{_path(metadata)}/status", {"status": status}).raise_for_status()
            pod.told = status

    def _patch(self, path: str, content: Mapping[str, Any]) -> httpx.Response:
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        return self.api.patch(path, content=json.dumps(content), headers=headers)


def _path(metadata: Mapping[str, Any]) -> str:
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def main(folder: Path) -> None:
    plan = json.loads((folder / "node.json").read_text(encoding="utf-8"))
    images = folder / IMAGES
    if not images.exists():
        images.write_text("{}")
    pki = folder / "pki"
    tls = ssl.create_default_context(cafile=pki / "ca.crt")
    tls.load_cert_chain(pki / "agent.crt", pki / "agent.key")
    url = f"https://127.0.0.1:{plan['server']}"
    with httpx.Client(base_url=url, verify=tls, trust_env=False, timeout=10) as api:
        Agent(folder, api).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
