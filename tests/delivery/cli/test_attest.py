"""`delivery attest` shows each doubt, and says so when somebody vouched for it."""

from __future__ import annotations

from delivery.commands.attest import AttestResult
from tests.delivery.cli.conftest import CommandLine


def test_each_doubt_has_a_line(delivery: CommandLine) -> None:
    delivery.returns("attest.attest", AttestResult("staging", ("entry abc: by a stranger",)))
    looked = delivery("attest", "staging", "--dry-run").stdout
    assert looked == "entry abc: by a stranger\n"
    vouched = delivery("attest", "staging", "--reason", "it was me").stdout
    assert vouched == looked + "vouched for\n"
