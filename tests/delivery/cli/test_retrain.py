"""`delivery retrain` is one run or two halves of it, by its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.commands.retrain import AskResult, RetrainResult
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import PULL


@pytest.fixture
def steps(delivery: CommandLine) -> dict[str, list[tuple[object, ...]]]:
    """The calls of each step."""
    results = {
        "train": None,
        "pack_to": RetrainResult(packed=Path("packed")),
        "propose_from": RetrainResult(pull=PULL, commit="c"),
        "ask_for": AskResult("mine"),
    }
    return {step: delivery.returns(f"retrain.{step}", made) for step, made in results.items()}


@pytest.mark.parametrize(
    ("options", "called", "line"),
    [
        ((), ["train", "pack_to", "propose_from"], "pull request #7 open: A title"),
        (("--pack", "out"), ["train", "pack_to"], "what was trained lies in packed"),
        (("--from", "out"), ["propose_from"], "pull request #7 open: A title"),
        (("--from", "out", "--onto", "mine"), ["propose_from"], "committed to mine"),
        (("--ask", "mine"), ["ask_for"], "asked for a run of train.yml about mine"),
    ],
)
def test_options_choose_the_steps(
    delivery: CommandLine,
    steps: dict[str, list[tuple[object, ...]]],
    options: tuple[str, ...],
    called: list[str],
    line: str,
) -> None:
    assert delivery("retrain", *options).stdout == f"{line}\n"
    assert [step for step, calls in steps.items() if calls] == called


def test_settings_go_to_the_training(
    delivery: CommandLine, steps: dict[str, list[tuple[object, ...]]]
) -> None:
    delivery("retrain", "--set", "data.until=2013-08", "--set", "a.b=1")
    assert steps["train"] == [(("data.until=2013-08", "a.b=1"), {})]


@pytest.mark.parametrize(("options", "trained"), [((), ""), (("--trained", "c0ffee"), "c0ffee")])
def test_who_trained_elsewhere_says_at_which_commit(
    delivery: CommandLine, steps: dict[str, list[tuple[object, ...]]],
    options: tuple[str, ...], trained: str,
) -> None:  # fmt: skip
    delivery("retrain", "--from", "out", *options)
    assert steps["propose_from"] == [(Path("out"), {"onto": "", "trained": trained, "reason": ""})]


def test_one_machine_knows_what_it_trained(
    delivery: CommandLine, steps: dict[str, list[tuple[object, ...]]]
) -> None:
    """Whatever somebody says."""
    delivery("retrain", "--trained", "c0ffee")
    ((_, said),) = steps["propose_from"]
    assert said["trained"] == delivery.origin.git("rev-parse", "HEAD")


def test_what_is_asked_for_is_json_too(
    delivery: CommandLine, steps: dict[str, list[tuple[object, ...]]]
) -> None:
    assert delivery.json("retrain", "--ask", "mine") == {"asked": "mine"}


def test_nothing_new_is_said(delivery: CommandLine) -> None:
    delivery.returns("retrain.propose_from", RetrainResult(unchanged=True))
    line = "nothing new: the same model from the same data\n"
    assert delivery("retrain", "--from", "out").stdout == line
