"""`delivery key` prints the lines that trust this machine, and never the private half."""

from __future__ import annotations

from delivery.documents import parse_yaml
from tests.delivery.cli.conftest import CommandLine


def test_the_lines_are_those_of_delivery_yaml(delivery: CommandLine) -> None:
    run = delivery("key", "--name", "ada")
    trust = parse_yaml(run.stdout, "shown")["trust"]
    assert trust["ada"]["key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert "PRIVATE" not in run.stdout + run.stderr
    assert "· the private half: " in run.stderr


def test_json_has_its_id(delivery: CommandLine) -> None:
    assert set(delivery.json("key")) == {"id", "may", "pem", "where"}
