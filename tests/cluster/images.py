"""The image of the fake service, where a node can start it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.cluster.agent import IMAGES
from tests.cluster.node import Node

SERVICE = Path(__file__).with_name("fake_service.py")
NAME = "cluster.test/service"


def service_image(node: Node) -> str:
    """Its name by digest."""
    image = f"{NAME}@sha256:{'1' * 64}"
    command = [sys.executable, "-S", str(SERVICE)]
    (Path(node.folder) / IMAGES).write_text(json.dumps({image: {"command": command}}))
    return image
