"""May a branch change what the environments run? With real git and real proposals."""

from __future__ import annotations

import pytest

from delivery.commands.check import check
from delivery.errors import RefusedError
from delivery.settings.policy import FILE
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.record import record_path, render_record
from delivery.targets.protocol import Capabilities
from tests.delivery.deployment.production import ENV
from tests.delivery.deployment.rolling import policy
from tests.delivery.place import Place, World
from tests.origin import Origin, record, version

ONE, TWO = "r-111111111111", "r-222222222222"


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


def files(origin: Origin, environment: str, release: str, **evidence: str) -> dict[str, str]:
    """What a pull request that promotes a release changes."""
    return {
        desired_path(environment): render_desired(Desired(version(release))),
        evidence_path(environment): origin.evidence(
            environment, version(release), render_record(record(release)), **evidence
        ),
        record_path(release): render_record(record(release)),
    }


def commit(origin: Origin, changed: dict[str, str | None]) -> None:
    """A branch of main with these files, checked out."""
    made = origin.repository.commit_files("origin/main", changed, "Change")
    origin.git("checkout", "--quiet", "--detach", made)


def proposed(origin: Origin, environment: str, release: str) -> dict[str, str | None]:
    """The same files, which delivery proposed."""
    changed = files(origin, environment, release)
    desired, evidence = changed[desired_path(environment)], changed[evidence_path(environment)]
    origin.propose(environment, desired, evidence)
    return dict(changed)


def test_a_change_of_something_else_passes(origin: Origin, world: World) -> None:
    commit(origin, {"README.md": "x\n", "releases/README.md": "x\n"})
    assert check(world).environments == ()


def test_what_delivery_proposed_passes(origin: Origin, world: World) -> None:
    commit(origin, proposed(origin, "staging", ONE))
    assert check(world).environments == ("staging",)


def test_what_main_did_meanwhile_is_not_the_change(origin: Origin, world: World) -> None:
    before = origin.git("rev-parse", "HEAD")
    origin.want("staging", ONE)
    made = origin.repository.commit_files(before, {"README.md": "x\n"}, "Behind main")
    origin.git("checkout", "--quiet", "--detach", made)
    assert check(world).environments == ()


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_file_that_was_written_by_hand_is_refused(
    origin: Origin, world: World, environment: str
) -> None:
    commit(origin, dict(files(origin, environment, ONE)))
    with pytest.raises(RefusedError, match=f"{environment}: .*by hand"):
        check(world)


@pytest.mark.parametrize("path", [desired_path("staging"), evidence_path("staging")])
def test_a_proposal_that_was_edited_is_refused(origin: Origin, world: World, path: str) -> None:
    changed = proposed(origin, "staging", ONE)
    commit(origin, changed | {path: f"{changed[path]}# edited\n"})
    with pytest.raises(RefusedError, match="by hand"):
        check(world)


def test_evidence_alone_is_not_for_editing(origin: Origin, world: World) -> None:
    origin.want("staging", ONE)
    commit(origin, {evidence_path("staging"): "{}\n"})
    with pytest.raises(RefusedError, match="by hand"):
        check(world)


def test_what_was_never_verified_upstream_is_refused_though_proposed(
    origin: Origin, world: World
) -> None:
    commit(origin, proposed(origin, "production", ONE))
    with pytest.raises(RefusedError, match="not verified in staging"):
        check(world)


def test_what_was_verified_upstream_passes(origin: Origin, world: World) -> None:
    attempt = origin.want("staging", ONE)
    origin.happened("staging", attempt, "verified", ONE)
    commit(origin, proposed(origin, "production", ONE))
    assert check(world).environments == ("production",)


def test_two_environments_at_once_are_refused(origin: Origin, world: World) -> None:
    changed = proposed(origin, "staging", ONE) | proposed(origin, "production", ONE)
    commit(origin, changed)
    with pytest.raises(RefusedError, match="staging and production are changed at once"):
        check(world)


def test_every_problem_is_named(origin: Origin, world: World) -> None:
    commit(origin, dict(files(origin, "staging", ONE) | files(origin, "production", TWO)))
    with pytest.raises(RefusedError, match=r"at once.*staging: .*production: "):
        check(world)


@pytest.mark.parametrize("change", ["edit", "remove"])
@pytest.mark.parametrize("end", [".yaml", ".dvc"])
def test_a_record_is_written_once(origin: Origin, world: World, end: str, change: str) -> None:
    origin.want("staging", ONE)
    path = f"releases/{ONE}{end}"
    origin.push({path: origin.repository.read("HEAD", path) or "outs: []\n"}, "Point")
    commit(origin, {path: "other: 1\n" if change == "edit" else None})
    with pytest.raises(RefusedError, match=f"{ONE}{end} is changed or removed"):
        check(world)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no infra/environments/staging"),
        ("data: [\n", "not YAML"),
        (render_desired(Desired(version(ONE))).replace("none", "7", 1), "by hand"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    origin: Origin, world: World, text: str | None, why: str
) -> None:
    commit(origin, dict(files(origin, "staging", ONE)) | {desired_path("staging"): text})
    with pytest.raises(RefusedError, match=f"staging: .*{why}"):
        check(world)


def test_a_release_without_a_record_is_refused(origin: Origin, world: World) -> None:
    changed = proposed(origin, "staging", ONE)
    del changed[record_path(ONE)]
    commit(origin, changed)
    with pytest.raises(RefusedError, match=f"no release {ONE}"):
        check(world)


def test_a_file_that_wants_nothing_is_refused_while_something_is_verified(
    origin: Origin, world: World
) -> None:
    empty: dict[str, str | None] = {desired_path("staging"): render_desired(Desired())}
    origin.want("staging", ONE)
    commit(origin, empty)
    assert check(world).environments == ("staging",)
    origin.git("checkout", "--quiet", "main")
    origin.happened("staging", origin.git("rev-parse", "HEAD"), "verified", ONE)
    commit(origin, empty)
    with pytest.raises(RefusedError, match="--close"):
        check(world)


def test_what_mends_a_malformed_file_passes(origin: Origin, world: World) -> None:
    origin.push({desired_path("staging"): "nonsense"})
    commit(origin, proposed(origin, "staging", ONE))
    assert check(world).environments == ("staging",)


def test_a_rollout_that_nobody_can_watch_is_refused(origin: Origin, world: World) -> None:
    commit(origin, {FILE: policy()})
    assert check(world).environments == ()
    world.places[ENV] = Place(ENV, capabilities=Capabilities(lasting=False))
    with pytest.raises(RefusedError, match=r"production needs lasting, shares.*nobody stays up"):
        check(world)


def test_a_policy_that_main_has_already_is_no_change(origin: Origin, world: World) -> None:
    origin.push({FILE: policy()}, "Roll out by a canary")
    world.places[ENV] = Place(ENV, capabilities=Capabilities(lasting=False))
    commit(origin, {"README.md": "x\n"})
    assert check(world).environments == ()
