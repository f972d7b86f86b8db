"""Overrides: said with a reason, allowed by main's policy, shown wherever the verdict is."""

from __future__ import annotations

import pytest

from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.deployment.reconcile import Deployment
from delivery.errors import InputError, RefusedError
from delivery.events.event import State
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict, blocking, overridden
from delivery.promotion.proposal import evidence
from delivery.report import markdown
from delivery.report.page import html
from delivery.settings.overrides import Overrides, parse_overrides, require_allowed
from delivery.settings.policy import Settings, parse_settings
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.evidence_file import render_evidence
from delivery.state.record import record_path, render_record
from tests.delivery.place import World, judgement
from tests.origin import Origin, record, version

ONE = "r-111111111111"
WHY = "the outage costs more than 40 ms"
ENVIRONMENTS = """
environments:
  staging: { target: { kind: local, port: 7101 } }
  production: { target: { kind: local, port: 7102 } }
"""
NEVER = ("signature", "smoke", "freshness", "executes_code", "reproduction")
SLOW = Verdict("load", "fail", "p95 300 ms", "p95 ≤ 250 ms", "too slow")


def settings(overrides: str = "") -> Settings:
    text = ENVIRONMENTS.replace(
        "7102 }", f"7102 }}, overrides: {overrides}" if overrides else "7102 }"
    )
    return parse_settings(text)


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_override_without_a_reason_is_bad_input(reason: str) -> None:
    with pytest.raises(InputError, match="needs a reason"):
        parse_overrides(reason, ["load"])


@pytest.mark.parametrize("gate", [*NEVER, "laod"])
def test_no_other_gate_can_be_overridden(gate: str) -> None:
    with pytest.raises(InputError, match=f"--override {gate}: .*these can: ") as caught:
        parse_overrides(WHY, [gate])
    listed = str(caught.value).partition("these can: ")[2].split(", ")
    assert {"load", "champion", "code"} <= set(listed)
    assert gate not in listed


def test_an_override_without_effect_that_was_accepted_once_does_no_harm(
    origin: Origin, world: World
) -> None:
    """Evidence of before: `--override reproduction` was taken, and judged by nobody."""
    evidence = origin.evidence(
        "staging", version(ONE), render_record(record(ONE)), overrides={"reproduction": WHY}
    )
    files = {
        desired_path("staging"): render_desired(Desired(wanted=version(ONE))),
        evidence_path("staging"): evidence,
    }
    origin.propose("staging", *files.values())
    origin.push({record_path(ONE): render_record(record(ONE)), **files})
    assert Deployment(world, "staging").tick().transition == "deployed"


def test_an_empty_name_is_no_override() -> None:
    """A workflow passes an input that nobody filled in."""
    assert parse_overrides("", [""]).reasons == {}


def test_the_last_environment_allows_only_what_is_listed() -> None:
    require_allowed(settings().environment("staging"), ["load", "champion"])
    with pytest.raises(RefusedError, match=r"environments\.production\.overrides"):
        require_allowed(settings().environment("production"), ["load"])
    require_allowed(settings("[load]").environment("production"), ["load"])
    with pytest.raises(RefusedError, match="champion"):
        require_allowed(settings("[load]").environment("production"), ["load", "champion"])


@pytest.mark.parametrize("gate", [*NEVER, "laod"])
def test_no_policy_allows_to_override_who_it_is(gate: str) -> None:
    with pytest.raises(InputError, match=rf"production\.overrides.*{gate} cannot be overridden"):
        settings(f"[{gate}]")
    with pytest.raises(RefusedError, match=gate):
        require_allowed(settings().environment("staging"), [gate])


def test_an_override_is_for_its_gate_alone() -> None:
    worse = Verdict("champion", "fail", "", "", "worse")
    verdicts = overridden((SLOW, worse), {"load": WHY})
    assert [verdict.gate for verdict in blocking(verdicts)] == ["champion"]
    assert [verdict.status for verdict in verdicts] == ["fail", "fail"]  # what was found stays


def test_what_passes_is_not_overridden() -> None:
    passed = Verdict("load", "pass", "", "", "")
    assert overridden((passed,), {"load": WHY}) == (passed,)


def test_it_is_shown_with_its_reason() -> None:
    found = Judgement(overridden((SLOW,), {"load": WHY}), ONE, None, {"judged": {}})
    for text in (markdown(found), html(found)):
        assert WHY in text
        assert "overridden" in text


def want(origin: Origin, environment: str) -> None:
    """What `delivery release --override load --reason …` proposes, merged."""
    judged = {"candidate_sha256": version(ONE).bento_sha256}
    judgement = Judgement(overridden((SLOW,), {"load": WHY}), ONE, None, {"judged": judged})
    content = evidence(
        environment, judgement, Overrides(WHY, ("load",)), render_record(record(ONE))
    )
    assert content.overrides == {"load": WHY}
    content = content.model_copy(update={"replaces": origin.attempt(environment)})
    files = {
        desired_path(environment): render_desired(Desired(wanted=version(ONE))),
        evidence_path(environment): render_evidence(content),
    }
    origin.propose(environment, *files.values())
    origin.push(files)


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(active, "judge_live", judgement("fail", gate="load"))
    return World(origin.path, lambda _: None)


def test_a_deployment_keeps_to_it(origin: Origin, world: World) -> None:
    origin.push({record_path(ONE): render_record(record(ONE))})
    want(origin, "staging")
    staging = Deployment(world, "staging")
    assert [staging.tick().transition for _ in range(2)] == ["deployed", "verified"]
    said = world.snapshot().attempt("staging").events[-1].evidence
    assert said["overrides"] == {"load": WHY}
    assert said["verdicts"]["load"] == "fail"


def test_one_that_policy_does_not_allow_is_rejected(origin: Origin, world: World) -> None:
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    want(origin, "production")
    result = deploy(world, "production", budget=60)
    assert result.step.state is State.REJECTED
    assert world.places["production"].running == {}
    events = [event for a in world.snapshot().history("production") for event in a.events]
    assert "lets nobody override the gate load" in events[0].evidence["why"]
