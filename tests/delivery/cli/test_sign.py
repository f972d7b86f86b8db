"""`delivery sign` shows the verdict on the new signature and its pull request."""

from __future__ import annotations

from delivery.commands.sign import SignResult
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, PULL, verdict


def test_the_pull_request_is_named(delivery: CommandLine) -> None:
    delivery.returns("sign.sign", SignResult(ONE, verdict("pass", "signature"), PULL))
    lines = delivery("sign", ONE).stdout
    assert lines == f"release {ONE}: 300 ms\npull request #7 open: A title\n"
