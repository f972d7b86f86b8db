"""Images that a node of processes can start: of the fake service, and of `delivery`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.checkout import ROOT
from tests.cluster.agent import IMAGES
from tests.cluster.node import Node

SERVICE = Path(__file__).with_name("fake_service.py")
NAME = "cluster.test/service"
DIVIDER = f"cluster.test/delivery@sha256:{'2' * 64}"


def service_image(node: Node) -> str:
    """The name of that of the service, by digest."""
    image = f"{NAME}@sha256:{'1' * 64}"
    command = [sys.executable, "-S", str(SERVICE)]
    divides = [sys.executable, "-m", "delivery.targets.kubernetes.dividing.divider",
               "--account", "POD_ACCOUNT", "--address", "POD_ADDRESS"]  # fmt: skip
    images = {
        image: {"command": command},
        DIVIDER: {"command": divides, "env": {"PYTHONPATH": str(ROOT)}},
    }
    (Path(node.folder) / IMAGES).write_text(json.dumps(images))
    return image
