"""`delivery push` says where the bytes are."""

from __future__ import annotations

from delivery.commands.push import PushResult
from tests.delivery.cli.conftest import CommandLine


def test_the_store_is_named(delivery: CommandLine) -> None:
    delivery.returns("push.push", PushResult("s3://models"))
    assert delivery("push").stdout == "s3://models holds everything that dvc.lock names\n"
    assert delivery.json("push") == {"store": "s3://models"}
