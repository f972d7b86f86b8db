"""`delivery image build` shows what the bytes are, and the digest by which an image is named."""

from __future__ import annotations

from pathlib import Path

from delivery.commands.image import ImageResult, ImageSignResult
from delivery.forge.protocol import Pull
from delivery.gates.verdict import Verdict
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE

BASE = "example/python@sha256:" + "a" * 64
DIGEST = "sha256:" + "d" * 64
SCANNED = Verdict("vulnerabilities", "not checked", "m", "r", "nobody looked")


def made(pushed: str) -> ImageResult:
    sizes = [("base", 40_000_000, 16_200_000), ("bento", 1_000_000, 400_000)]
    return ImageResult(ONE, BASE, DIGEST, "sha256:c", ["sha256:1"], sizes, Path("here"), pushed)


def test_sizes_digest_and_place_are_shown(delivery: CommandLine) -> None:
    calls = delivery.returns("image.build", made(f"host/online@{DIGEST}"))
    shown = delivery("image", "build", ONE, "--base", BASE, "--push", "host/online").stdout
    for text in ("16.2", "bento", f"image {DIGEST}", f"host/online@{DIGEST}"):
        assert text in shown
    assert calls == [(ONE, BASE, {"push_to": "host/online"})]


def test_one_that_was_not_pushed_says_where_it_is(delivery: CommandLine) -> None:
    delivery.returns("image.build", made(""))
    assert "not pushed; it is in here" in delivery("image", "build", ONE, "--base", BASE).stdout


def test_that_of_delivery_is_shown_the_same_way(delivery: CommandLine) -> None:
    calls = delivery.returns("image.command", made(f"host/delivery@{DIGEST}"))
    shown = delivery("image", "command", "--base", BASE, "--push", "host/delivery").stdout
    assert f"host/delivery@{DIGEST}" in shown
    assert calls == [(BASE, {"push_to": "host/delivery"})]


def test_a_base_is_asked_for(delivery: CommandLine) -> None:
    assert delivery("image", "build", ONE).exit_code != 0
    assert delivery("image", "command").exit_code != 0


def signed(pull: Pull | None) -> ImageSignResult:
    return ImageSignResult(
        ONE, f"host/online@{DIGEST}", Verdict("signature", "pass", "m", "r", "w"), SCANNED, pull
    )


def test_who_signs_is_told_the_pull_request(delivery: CommandLine) -> None:
    pull = Pull(7, "Sign", "body", "sign/x")
    calls = delivery.returns("image.sign", signed(pull))
    shown = delivery("image", "sign", ONE, f"host/online@{DIGEST}", "--base", BASE).stdout
    assert "#7" in shown
    assert "vulnerabilities: not checked: nobody looked" in shown
    assert calls == [(ONE, f"host/online@{DIGEST}", BASE, {"report": None})]
    delivery.returns("image.sign", signed(None))
    again = delivery("image", "sign", ONE, f"host/online@{DIGEST}", "--base", BASE).stdout
    assert "main has this signature already" in again
