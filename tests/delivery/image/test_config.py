"""What starts in a container, as whom, and what an image says about itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import InputError
from delivery.image.config import HEALTH, image_config
from delivery.image.layer import Layer
from delivery.image.layout import Descriptor
from delivery.image.reference import Reference
from tests.delivery.image.made import ID, base, record

NAME = Reference("example/python", "sha256:" + "a" * 64)
LAYER = Layer("bento", Descriptor("layer", "sha256:b", 1), "sha256:c", 2)


def made(tmp_path: Path, **config: Any) -> Any:
    below = {**base(tmp_path).config, **config}
    return image_config(below, NAME, record(), [LAYER], "3.11")


def test_it_serves_as_nobody_and_says_what_it_is(tmp_path: Path) -> None:
    whole = made(tmp_path)
    config = whole["config"]
    assert config["Entrypoint"] + config["Cmd"] == ["python3.11", "-m", "bentoml", "serve"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"])
    assert config["StopSignal"] == "SIGTERM"
    labels = config["Labels"]
    assert labels["org.opencontainers.image.version"] == ID
    assert labels["org.opencontainers.image.base.digest"] == NAME.digest
    assert labels["model-delivery.bento.sha256"] == record().bento_sha256
    assert whole["rootfs"]["diff_ids"][-1] == "sha256:c"
    assert whole["history"][-1]["created_by"] == "delivery image build: bento"


def test_of_the_bases_variables_only_three_are_kept(tmp_path: Path) -> None:
    env = ["PATH=/opt/python/bin", "SSL_CERT_FILE=/certs", "PYTHONPATH=/evil", "LD_PRELOAD=/x"]
    kept = made(tmp_path, config={"Env": env})["config"]["Env"]
    assert "PATH=/opt/python/bin" in kept
    assert "SSL_CERT_FILE=/certs" in kept
    assert "PYTHONPATH=/opt/packages" in kept
    assert not any("LD_PRELOAD" in item or "evil" in item for item in kept)


def test_a_base_for_another_platform_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is for linux/arm64, expected linux/amd64"):
        made(tmp_path, architecture="arm64")


def test_the_health_check_is_a_program() -> None:
    compile(HEALTH, "health", "exec")
