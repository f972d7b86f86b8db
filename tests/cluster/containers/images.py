"""Images for a node, written by delivery/image/ on a base of Debian's packages; none is pulled."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from delivery.files import program
from delivery.image.layout import Image
from tests.cluster.containers.parts import PAUSE, SOCKET
from tests.cluster.node import Node
from tests.images.base import make_base, on_base

SERVICE = Path(__file__).parents[1] / "fake_service.py"
NAME = "cluster.test/service"
WAIT = "import signal; signal.pause()"  # for the container that holds a pod's network


def bring(node: Node) -> str:
    """Give `node` what every pod needs, and the fake service; its name by digest."""
    with TemporaryDirectory(prefix="images-") as place:
        base = make_base(Path(place) / "debian")
        pause = on_base(Path(place) / "pause", base, {}, Entrypoint=["python3", "-S", "-c", WAIT])
        load(node, pause, PAUSE.partition(":")[0])
        start = ["python3", "-S", "/srv/service.py"]
        files = {"srv/service.py": SERVICE}
        service = on_base(
            Path(place) / "service", base, files, User="65532:65532", Entrypoint=start
        )
        return load(node, service, NAME)


def load(node: Node, image: Image, name: str) -> str:
    """Put `image` into the engine of `node` as `name`; that with its digest."""
    archive = image.layout.folder.with_suffix(".tar")
    with tarfile.open(archive, "w") as out:
        out.add(image.layout.folder, ".")
    engine = [program("ctr"), "--address", str(node.own / SOCKET), "--namespace", "k8s.io"]
    given = ["--base-name", name, "--digests", str(archive)]
    done = subprocess.run(
        [*engine, "images", "import", *given], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return f"{name}@{image.digest}"
