"""`delivery image build` shows what the bytes are, and the digest by which an image is named."""

from __future__ import annotations

import json
from pathlib import Path

from delivery.commands.image import ImageResult, ImageSignResult, WantedImage
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


def test_the_images_that_environments_want_are_listed(delivery: CommandLine) -> None:
    delivery.returns("image.wanted", [WantedImage("production", ONE, f"host/online@{DIGEST}")])
    shown = delivery("image", "wanted", "--json").stdout
    assert json.loads(shown) == [
        {"environment": "production", "release": ONE, "image": f"host/online@{DIGEST}"}
    ]


def test_what_became_known_needs_a_report(delivery: CommandLine, tmp_path: Path) -> None:
    calls = delivery.returns("image.rescan", Verdict("vulnerabilities", "pass", "m", "r", "none"))
    named = f"host/online@{DIGEST}"
    assert delivery("image", "rescan", named).exit_code != 0
    shown = delivery("image", "rescan", named, "--report", str(tmp_path / "scan.json")).stdout
    assert "vulnerabilities: pass: none" in shown
    assert calls == [(named, tmp_path / "scan.json", {})]


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
