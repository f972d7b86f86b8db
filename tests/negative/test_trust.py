"""Releases that are not what somebody trusted signed: none of them starts."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256, release_id
from delivery.commands.check import check
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.commands.sign import sign
from delivery.deployment import active
from delivery.errors import HeldError, InputError, RefusedError, StoreError
from delivery.events.event import State
from delivery.state.desired import Desired, ReleaseRef, desired_path, evidence_path, render_desired
from delivery.state.record import (
    parse_record,
    record_path,
    render_record,
    sbom_path,
    signature_path,
)
from delivery.trust.keys import own_key, own_public_key
from tests.delivery.bentos import Bench
from tests.delivery.place import judgement
from tests.delivery.released import Real, Release, make_release
from tests.origin import Origin

ENV = "production"
ALONE = """\
environments:
  production: {target: {kind: local, port: 7102}}
"""
TODAY = datetime.now(UTC).date()
# Not tomorrow: these tests may run over midnight.
YESTERDAY, SOON = TODAY - timedelta(1), TODAY + timedelta(7)


@pytest.fixture(scope="module")
def release(bench: Bench, better: Bento) -> Release:
    return make_release(bench, better)


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Real:
    """Every other gate passes: what is refused here is refused by the signature."""
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    origin.push({"delivery.yaml": ALONE})  # no environment before it and none after it
    return Real(origin.path, lambda _: None)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> str:
    key = own_key({"XDG_DATA_HOME": str(tmp_path_factory.mktemp("stranger"))}, make=True)
    assert key is not None
    return key


def want(origin: Origin, release: Release, previous: ReleaseRef | None = None) -> None:
    """What the merge of a promotion that delivery proposed puts on main."""
    wanted = ReleaseRef(release.id, content_sha256(release.bento))
    desired = render_desired(Desired(wanted, previous or ReleaseRef()))
    evidence = origin.evidence(ENV, wanted, release.texts[record_path(release.id)])
    origin.propose(ENV, desired, evidence)
    origin.push({desired_path(ENV): desired, evidence_path(ENV): evidence}, f"Want {release.id}")


def merge(origin: Origin, release: Release) -> None:
    want(origin, release)


def trust(origin: Origin, **rules: object) -> None:
    """List this machine's key on main, under rules."""
    key = own_public_key(os.environ, make=True)
    assert key is not None
    listed = json.dumps({"alice": {"key": "keys/alice.pub", **rules}}, default=str)
    origin.push({"delivery.yaml": f"{ALONE}trust: {listed}\n", "keys/alice.pub": key.pem})


def refused(world: Real, text: str) -> None:
    """Deploy rejects it by the signature and never starts it."""
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.REJECTED
    assert [verdict.gate for verdict in result.steps[0].verdicts] == ["signature"]
    assert text in result.steps[0].verdicts[0].why
    attempt = world.snapshot().history(ENV).attempts[1]  # the newest is the rollback
    assert text in attempt.events[-1].evidence["why"]
    assert world.places[ENV].running == {}


def held_until_signed(origin: Origin, world: Real, release: Release, text: str) -> None:
    """Deploy holds it, says the step that is missing, and goes on once that is done."""
    with pytest.raises(HeldError, match=text) as held:
        deploy(world, ENV, budget=60)
    assert ".." not in str(held.value)
    assert world.places[ENV].running == {}
    trust(origin)
    world.forge.merge(sign(world, release.id).pull.number)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


@pytest.mark.parametrize(
    "rules", [{}, {"environments": [ENV], "since": TODAY, "until": SOON},
              {"revoked": {"at": SOON, "why": "key changes hands"}}]
)  # fmt: skip
def test_a_signed_release_is_deployed(
    origin: Origin, world: Real, release: Release, rules: dict[str, object]
) -> None:
    trust(origin, **rules)
    release.publish(origin, release.signature())
    merge(origin, release)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


def test_without_a_list_the_own_key_is_enough(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    merge(origin, release)
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.VERIFIED
    signed = world.signature(world.snapshot(), release.id, ENV)
    assert "this machine's own key" in signed.why


def test_one_byte_changed_in_the_record_is_refused_by_signature(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    path = record_path(release.id)
    origin.push({path: release.texts[path].replace("2013-06-30", "2013-06-29")})
    merge(origin, release)
    refused(world, f"{release.id}.yaml is not as it was signed")


def test_one_byte_changed_in_the_sbom_is_refused_by_signature(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    path = sbom_path(release.id)
    origin.push({path: release.texts[path] + "\n"})
    merge(origin, release)
    refused(world, f"{release.id}.cdx.json is not as it was signed")


def test_one_byte_changed_in_the_bento_does_not_even_come_from_the_store(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    merge(origin, release)
    change_a_byte(origin.path / ".delivery" / "bentos" / release.id)
    with pytest.raises(StoreError, match="is corrupted"):
        deploy(world, ENV, budget=60)
    assert world.places[ENV].running == {}


def test_a_changed_bento_with_a_record_to_fit_is_refused_by_signature(
    origin: Origin, world: Real, release: Release, tmp_path: Path
) -> None:
    """The whole chain of hashes is consistent; only the signature is not."""
    bento = tmp_path / "bento"
    shutil.copytree(release.bento, bento)
    change_a_byte(bento)
    sha256 = content_sha256(bento)
    changed = bento.rename(tmp_path / release_id(sha256))
    before = parse_record(release.texts[record_path(release.id)], "record")
    record = before.model_copy(update={"id": changed.name, "bento_sha256": sha256})
    texts = {record_path(changed.name): render_record(record),
             sbom_path(changed.name): release.texts[sbom_path(release.id)]}  # fmt: skip
    forged = Release(changed.name, changed, texts)
    forged.publish(origin, release.signature())
    merge(origin, forged)
    refused(world, "signed")  # the id decides which of 154 files are named: lost or never signed


def change_a_byte(bento: Path) -> None:
    file = bento / "src" / "serving" / "contract.py"
    file.write_text(file.read_text() + "\n")


def test_signed_by_a_stranger_is_held_by_signature(
    origin: Origin, world: Real, release: Release, stranger: str
) -> None:
    """It may be the key of a job that was given none: no release is lost by that."""
    trust(origin)
    release.publish(origin, release.signature(stranger))
    merge(origin, release)
    held_until_signed(origin, world, release, "under no name of `trust:`.*DELIVERY_SIGNING_KEY")


def test_signed_on_another_machine_is_held_until_its_key_is_listed(
    origin: Origin, world: Real, release: Release, stranger: str
) -> None:
    release.publish(origin, release.signature(stranger))
    merge(origin, release)
    held_until_signed(origin, world, release, "is not kept on this machine.*`delivery key`")


def test_a_signature_under_a_false_name_is_refused_by_signature(
    origin: Origin, world: Real, release: Release, stranger: str
) -> None:
    trust(origin)
    bundle = json.loads(release.signature(stranger))
    key = own_public_key(os.environ)
    assert key is not None
    bundle["verificationMaterial"]["publicKey"]["hint"] = key.id
    release.publish(origin, json.dumps(bundle))
    merge(origin, release)
    refused(world, "was not made with the key that it names")


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"until": YESTERDAY}, "the key had ended"),
        ({"since": SOON}, "trust.alice.since is"),
        ({"revoked": {"at": TODAY, "why": "laptop stolen"}}, "laptop stolen"),
        ({"environments": ["staging"]}, "trust.alice.environments is staging"),
    ],
)
def test_a_key_that_does_not_count_here_and_now_is_refused_by_signature(
    origin: Origin, world: Real, release: Release, rules: dict[str, object], text: str
) -> None:
    trust(origin, **rules)
    release.publish(origin, release.signature())
    merge(origin, release)
    refused(world, text)


def test_a_list_without_this_machine_refuses_before_anything_is_stored(
    origin: Origin, world: Real, release: Release, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(origin)
    release.publish(origin, release.signature())
    monkeypatch.setenv("DELIVERY_SIGNING_KEY", stranger)
    with pytest.raises(RefusedError, match="under no name of `trust:`"):
        sign(world, release.id)


def test_unsigned_holds_until_somebody_vouches(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin)
    merge(origin, release)
    held_until_signed(origin, world, release, f"`delivery sign {release.id}`")


def test_a_pull_request_may_renew_a_signature_and_not_a_record(
    origin: Origin, world: Real, release: Release
) -> None:
    release.publish(origin, release.signature())
    sign(world, release.id)
    origin.git("fetch", "--quiet", "origin", f"sign/{release.id}")
    origin.git("checkout", "--quiet", "FETCH_HEAD")
    assert signature_path(release.id) in origin.git("diff", "--name-only", "HEAD~1")
    check(world)
    for path in (record_path(release.id), sbom_path(release.id), signature_path(release.id)):
        text = "" if path == signature_path(release.id) else "# edited\n" + release.texts[path]
        (origin.path / path).write_text(text)
        origin.git("commit", "--quiet", "-am", "Edit")
        with pytest.raises(RefusedError, match=f"{path} is changed or removed"):
            check(world)
        origin.git("reset", "--quiet", "--hard", "HEAD~1")


def test_a_damaged_signature_is_named(origin: Origin, world: Real, release: Release) -> None:
    release.publish(origin, "{}")
    merge(origin, release)
    with pytest.raises(InputError, match=signature_path(release.id)):
        deploy(world, ENV, budget=60)


def test_a_revoked_previous_is_neither_kept_warm_nor_rolled_back_to(
    origin: Origin, world: Real, release: Release, bench: Bench, champion: Bento
) -> None:
    before = make_release(bench, champion)
    trust(origin)
    before.publish(origin, before.signature())
    merge(origin, before)
    deploy(world, ENV, budget=60)
    trust(origin, revoked={"at": TODAY, "why": "laptop stolen"})
    with pytest.raises(RefusedError, match="laptop stolen"):
        deploy(world, ENV, budget=60)  # not even restarted
    other = own_key({"XDG_DATA_HOME": str(origin.path.parent / "other")}, make=True)
    public = own_public_key({"XDG_DATA_HOME": str(origin.path.parent / "other")})
    assert public is not None
    settings = (origin.path / "delivery.yaml").read_text()
    both = settings.replace("trust: {", f'trust: {{"bob": {json.dumps({"key": public.pem})}, ')
    origin.push({"delivery.yaml": both})
    release.publish(origin, release.signature(other))
    previous = ReleaseRef(before.id, content_sha256(before.bento))
    want(origin, release, previous)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert set(world.places[ENV].running) == {release.id}
    with pytest.raises(RefusedError, match="may not start"):
        rollback(world, ENV, reason="", dry_run=False)
    assert world.places[ENV].shares == {release.id: 100}
