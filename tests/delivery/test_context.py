"""The context takes the forge and the place that its surroundings name."""

from __future__ import annotations

import pytest

from delivery.context import Context
from delivery.forge.github import GithubForge
from delivery.forge.local import LocalForge
from delivery.state.record import record_path, render_record
from tests.origin import Origin, record

ONE = "r-111111111111"
JOB = {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "ghs_x", "GITHUB_RUN_ID": "7",
       "GITHUB_REPOSITORY": "acme/model", "GITHUB_SERVER_URL": "https://github.com"}  # fmt: skip


def context(origin: Origin) -> Context:
    return Context(origin.path, lambda _: None)


def test_an_origin_in_a_folder_has_its_pull_requests_in_git(origin: Origin) -> None:
    assert isinstance(context(origin).forge, LocalForge)


def test_an_origin_on_github_has_them_there(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.git("remote", "set-url", "origin", "https://github.com/acme/model")
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    made = context(origin)
    assert isinstance(made.forge, GithubForge)
    assert made.forge is made.forge


def test_a_release_that_nobody_signed_is_held_in_its_environment(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    bento = origin.path / ONE
    bento.mkdir()
    monkeypatch.setattr(Context, "bento", lambda *_: bento)
    origin.push({record_path(ONE): render_record(record(ONE))})
    made = context(origin)
    evidence = made.signed(made.snapshot(), ONE, "staging")
    assert (evidence.environment, evidence.signed) == ("staging", None)
    assert list(evidence.found) == [f"{ONE}.yaml"]
    verdict = made.signature(made.snapshot(), ONE, "staging")
    assert (verdict.gate, verdict.status) == ("signature", "hold")
    assert f"delivery sign {ONE}" in verdict.why


def test_the_place_of_an_environment_is_at_its_port(origin: Origin) -> None:
    made = context(origin)
    environment = made.snapshot().settings.environment("staging")
    target = made.target(environment)
    assert target.router.weights() == {}
    assert target.router.url.endswith(f":{environment.settings.target.port}")
    assert target.capabilities.lasting
