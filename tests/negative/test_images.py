"""Images that nobody who may sign vouched for: none of them starts."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.image import ImageSignResult, rescan, sign, wanted
from delivery.commands.promote import promote
from delivery.commands.rollback import rollback
from delivery.deployment import active
from delivery.deployment.advance import PromoteRequest
from delivery.errors import HeldError, RefusedError
from delivery.events.event import State
from delivery.trust.keys import own_key, own_public_key
from tests.delivery.image.made import base
from tests.delivery.imaged import (
    BASE,
    IMAGE,
    NAME,
    ONE,
    POLICY,
    REBUILT,
    TWO,
    Imaged,
    publish,
    well_signed,
)
from tests.delivery.place import judgement
from tests.delivery.scanners.test_image_report import OPENSSL, trivy
from tests.origin import Origin, make_origin

ENV = "production"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = make_origin(tmp_path, str(IMAGE))
    made.push({"delivery.yaml": POLICY})
    return made


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Imaged:
    """Every other gate passes: what is refused here is refused for its image."""
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    monkeypatch.setattr("delivery.context.released_signature", lambda *_: well_signed())
    return Imaged(origin.path, lambda _: None)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> str:
    key = own_key({"XDG_DATA_HOME": str(tmp_path_factory.mktemp("stranger"))}, make=True)
    assert key is not None
    return key


def trust(origin: Origin, **rules: object) -> None:
    """List this machine's key on main, under rules."""
    key = own_public_key(os.environ, make=True)
    assert key is not None
    listed = json.dumps({"alice": {"key": key.pem, **rules}}, default=str)
    origin.push({"delivery.yaml": f"{POLICY}trust: {listed}\n"})


def verified(world: Imaged) -> bool:
    return deploy(world, ENV, budget=60).step.state is State.VERIFIED


def held(world: Imaged, why: str) -> None:
    with pytest.raises(HeldError, match=why):
        deploy(world, ENV, budget=60)
    assert world.yard.images == {}


def refused(world: Imaged, why: str) -> None:
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    newest, attempt, *_ = world.snapshot().history(ENV).attempts
    assert newest.desired.is_rollback
    assert why in attempt.why
    assert world.yard.images == {}


def test_the_image_that_was_signed_for_runs_and_no_other(origin: Origin, world: Imaged) -> None:
    publish(origin)
    origin.promote(ENV, ONE)
    assert verified(world)
    assert world.yard.images == {ONE: str(IMAGE)}


def test_an_unsigned_image_is_held_by_signature_until_somebody_vouches(
    origin: Origin, world: Imaged
) -> None:
    origin.promote(ENV, ONE)
    held(world, f"main has no statement about {IMAGE}.*delivery image sign {ONE}")
    publish(origin)
    assert verified(world)


def test_another_image_under_the_same_tag_is_held_by_signature(
    origin: Origin, world: Imaged
) -> None:
    """The tag is no help: what is signed is a digest."""
    publish(origin)
    moved = replace(origin, image=f"{NAME}:latest@{REBUILT.digest}")
    moved.promote(ENV, ONE)
    held(world, f"no statement about {REBUILT}")


def test_a_tag_alone_is_refused(origin: Origin, world: Imaged) -> None:
    publish(origin)
    replace(origin, image=f"{NAME}:latest").promote(ENV, ONE)
    refused(world, "a tag can be moved")


def test_no_image_at_all_is_held_by_signature(origin: Origin, world: Imaged) -> None:
    publish(origin)
    replace(origin, image="none").promote(ENV, ONE)
    held(world, "production runs images alone")


def test_an_image_signed_by_a_stranger_is_held_by_signature(
    origin: Origin, world: Imaged, stranger: str
) -> None:
    trust(origin)
    publish(origin, key=stranger)
    origin.promote(ENV, ONE)
    held(world, f"its image {IMAGE}.*under no name of `trust:`")
    publish(origin)  # beside the stranger's, which takes nothing away
    assert verified(world)


def test_a_signature_under_a_false_name_is_refused_by_signature(
    origin: Origin, world: Imaged, stranger: str
) -> None:
    trust(origin)
    path = publish(origin, key=stranger)
    bundle = json.loads((origin.path / path).read_text())
    key = own_public_key(os.environ)
    assert key is not None
    bundle["verificationMaterial"]["publicKey"]["hint"] = key.id
    origin.push({path: json.dumps(bundle)})
    origin.promote(ENV, ONE)
    refused(world, "was not made with the key that it names")


def test_a_statement_that_was_edited_is_refused_by_signature(origin: Origin, world: Imaged) -> None:
    """To be about an image that was pushed since."""
    trust(origin)
    path = publish(origin)
    bundle = json.loads((origin.path / path).read_text())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).decode()
    edited = payload.replace("a" * 64, "e" * 64)
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(edited.encode()).decode()
    origin.push({path: json.dumps(bundle)})
    replace(origin, image=str(REBUILT)).promote(ENV, ONE)
    refused(world, "was not made with the key that it names")


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"revoked": {"at": TODAY, "why": "laptop stolen"}}, "laptop stolen"),
        ({"environments": ["staging"]}, "trust.alice.environments is staging"),
        ({"may": ["releases"], "until": "2020-01-01"}, "the key had ended"),
    ],
)
def test_a_key_that_does_not_count_there_is_refused_by_signature(
    origin: Origin, world: Imaged, rules: dict[str, object], why: str
) -> None:
    trust(origin, **rules)
    publish(origin)
    origin.promote(ENV, ONE)
    refused(world, why)


def test_a_key_for_events_vouches_for_no_image(origin: Origin, world: Imaged) -> None:
    trust(origin, may=["events"])
    publish(origin)
    origin.promote(ENV, ONE)
    with pytest.raises(HeldError):
        deploy(world, ENV, budget=60)
    assert world.yard.images == {}


def test_a_rebuild_on_a_new_base_is_a_promotion_that_can_be_rolled_back(
    origin: Origin, world: Imaged
) -> None:
    publish(origin)
    origin.promote(ENV, ONE)
    assert verified(world)
    publish(origin, REBUILT)
    assert verified(world)  # nothing changes by itself
    assert world.yard.images == {ONE: str(IMAGE)}
    replace(origin, image=str(REBUILT)).promote(ENV, ONE, ONE)
    assert verified(world)
    assert world.yard.images == {ONE: str(REBUILT)}
    rollback(world, ENV, reason="the new base is slow", dry_run=False)
    assert world.yard.images == {ONE: str(IMAGE)}
    desired = world.snapshot().desired(ENV)
    assert (desired.wanted.release, desired.wanted.image) == (ONE, str(IMAGE))
    assert verified(world)
    assert world.yard.images == {ONE: str(IMAGE)}


def test_a_rebuild_that_does_not_start_leaves_what_ran(origin: Origin, world: Imaged) -> None:
    publish(origin)
    origin.promote(ENV, ONE)
    assert verified(world)
    publish(origin, REBUILT)
    world.yard.broken_images.add(str(REBUILT))
    replace(origin, image=str(REBUILT)).promote(ENV, ONE, ONE)
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    assert world.yard.images == {ONE: str(IMAGE)}
    assert world.yard.shares == {ONE: 100}
    assert world.snapshot().desired(ENV).wanted.image == str(IMAGE)  # the rollback was merged


def test_a_release_from_before_there_were_images_can_be_rolled_back_to_once_it_has_one(
    origin: Origin, world: Imaged
) -> None:
    """It ran as processes; `delivery image sign` brought its statement later."""
    before = replace(origin, image="none")
    before.happened(ENV, before.promote(ENV, ONE), "verified", ONE)
    publish(origin)
    publish(origin, REBUILT, TWO)
    replace(origin, image=str(REBUILT)).promote(ENV, TWO, ONE)
    assert verified(world)
    assert world.yard.images == {ONE: str(IMAGE), TWO: str(REBUILT)}
    rollback(world, ENV, reason="worse", dry_run=False)
    assert world.yard.shares == {ONE: 100}
    assert world.snapshot().desired(ENV).wanted.image == str(IMAGE)


def test_a_promotion_names_the_newest_image(
    origin: Origin, world: Imaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(origin)
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    chosen = []
    monkeypatch.setattr(
        "delivery.deployment.advance.released",
        lambda *_: type("Candidate", (), {"bento": type("B", (), {"sha256": "1" * 64})}),
    )
    judged = type("Judged", (), {"judgement": judgement("pass")()})
    monkeypatch.setattr("delivery.deployment.advance.judge", lambda *_: judged)
    monkeypatch.setattr("delivery.deployment.advance.require_pass", lambda *_: None)
    monkeypatch.setattr(
        "delivery.deployment.advance._proposal",
        lambda *given: chosen.append(given[2]),
    )
    monkeypatch.setattr("delivery.deployment.advance.propose", lambda *_, **__: None)
    promote(world, PromoteRequest(ENV))
    assert [wanted.image for wanted in chosen] == [str(IMAGE)]


@pytest.fixture
def scanned(
    origin: Origin, world: Imaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ImageSignResult]:
    """Signs for an image that is in order, with a scanner's report about it."""
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    image = base(tmp_path)
    monkeypatch.setattr("delivery.commands.image.pulled", lambda *_: image)
    monkeypatch.setattr("delivery.commands.image.require_of_release", lambda *_: None)

    def signed(*found: dict[str, Any], **facts: Any) -> ImageSignResult:
        report = tmp_path / "scan.json"
        about = {"ImageID": image.config_digest, "RepoDigests": []}
        created = {"CreatedAt": datetime.now(UTC).isoformat()}
        content = trivy(*found, **about) | created | facts
        report.write_text(json.dumps(content))
        return sign(world, ONE, f"{NAME}@{image.digest}", str(BASE), report=report)

    return signed


def test_a_severe_vulnerability_with_a_fix_is_refused_by_vulnerabilities(
    world: Imaged, scanned: Callable[..., ImageSignResult]
) -> None:
    with pytest.raises(RefusedError, match=r"CVE-2026-0001 \(high\), fixed in 3\.0\.2"):
        scanned(OPENSSL)
    assert world.forge.pulls() == ()
    assert scanned({**OPENSSL, "FixedVersion": ""}).scanned.status == "pass"


@pytest.mark.parametrize(("days", "status"), [(-1, "refused"), (1, "pass")])
def test_an_exception_that_has_expired_is_refused_by_vulnerabilities(
    origin: Origin, scanned: Callable[..., ImageSignResult], days: int, status: str
) -> None:
    until = TODAY + timedelta(days)
    line = f'- {{ id: CVE-2026-0001, until: {until}, reason: "not reachable here" }}\n'
    origin.push({"requirements/advisories.yaml": line})
    if status == "pass":
        assert scanned(OPENSSL).scanned.status == "pass"
        return
    with pytest.raises(RefusedError, match=f"which was allowed until {until}"):
        scanned(OPENSSL)


def test_what_becomes_known_after_the_signature_is_refused_by_vulnerabilities(
    origin: Origin, world: Imaged, tmp_path: Path
) -> None:
    """Of the images that run, and nothing else happens to them."""
    publish(origin)
    origin.promote(ENV, ONE)
    assert verified(world)
    (found,) = wanted(world)
    assert (found.environment, found.release, found.image) == (ENV, ONE, str(IMAGE))
    report = tmp_path / "scan.json"
    about = {"ImageID": "sha256:0", "RepoDigests": [str(IMAGE)]}
    today = {"CreatedAt": datetime.now(UTC).isoformat()}
    report.write_text(json.dumps(trivy(**about) | today))
    assert rescan(world, found.image, report).status == "pass"
    with pytest.raises(HeldError, match="about another image"):
        rescan(world, str(REBUILT), report)
    report.write_text(json.dumps(trivy(OPENSSL, **about) | today))
    with pytest.raises(RefusedError, match=r"CVE-2026-0001 \(high\), fixed in 3\.0\.2"):
        rescan(world, found.image, report)
    assert world.yard.shares == {ONE: 100}


def test_a_report_that_is_old_or_about_another_image_is_held_by_vulnerabilities(
    scanned: Callable[..., ImageSignResult],
) -> None:
    with pytest.raises(HeldError, match="not of the last 24 hours"):
        scanned(CreatedAt=(datetime.now(UTC) - timedelta(2)).isoformat())
    with pytest.raises(HeldError, match="about another image"):
        scanned(Metadata={"ImageID": f"sha256:{'f' * 64}"})
