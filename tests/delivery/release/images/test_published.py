"""Main's statements about images: the newest is wanted, and each counts by its signer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.context import Context
from delivery.errors import InputError
from delivery.gates.supply_chain import signature
from delivery.gates.verdict import Verdict
from delivery.image.reference import Reference
from delivery.release.images.published import named, published
from delivery.release.images.statement import Statement, sign_statement
from delivery.state.desired import ReleaseRef
from delivery.state.record import record_path, render_record
from delivery.trust.keys import own_key
from tests.delivery.imaged import BASE, IMAGE, NAME, ONE, POLICY, publish, well_signed
from tests.origin import Origin, record, version

OLDER, NEWER = IMAGE, replace(IMAGE, digest=f"sha256:{'d' * 64}")


@pytest.fixture
def checkout(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Context:
    origin.push({"delivery.yaml": POLICY, record_path(ONE): render_record(record(ONE))})
    monkeypatch.setattr("delivery.context.released_signature", lambda *_: well_signed())
    return Context(origin.path, lambda _: None)


def judged(checkout: Context, image: str, environment: str = "production") -> Verdict:
    return checkout.signature(checkout.snapshot(), ONE, environment, image)


def test_the_newest_comes_first_and_others_releases_have_their_own(
    checkout: Context, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, image in enumerate((NEWER, OLDER), 1):  # in this order, whatever the digests are
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-01-0{day}T00:00:00Z")
        publish(origin, image)
    found = published(checkout, checkout.snapshot(), ONE)
    assert [each.statement.image for each in found] == [OLDER, NEWER]
    assert published(checkout, checkout.snapshot(), "r-222222222222") == []


def test_without_an_image_the_newest_is_taken_where_images_run(
    checkout: Context, origin: Origin
) -> None:
    wanted = version(ONE)

    def taken(name: str, of: ReleaseRef) -> str:
        snapshot = checkout.snapshot()
        return named(checkout, snapshot, snapshot.environment(name), of).image

    assert taken("production", wanted) == "none"
    publish(origin)
    assert taken("production", wanted) == str(IMAGE)
    assert taken("staging", wanted) == "none"  # it runs processes
    assert taken("production", ReleaseRef()) == "none"
    assert taken("production", replace(wanted, image=str(NEWER))) == str(NEWER)


def test_an_image_that_somebody_signed_for_passes(checkout: Context, origin: Origin) -> None:
    publish(origin)
    verdict = judged(checkout, str(IMAGE))
    assert (verdict.status, "its image signed by" in verdict.measured) == ("pass", True)
    mirrored = Reference("mirror.example/online", IMAGE.digest)  # the same bytes elsewhere
    assert judged(checkout, str(mirrored)).status == "pass"


def test_processes_need_no_image(checkout: Context) -> None:
    assert judged(checkout, "none", "staging").status == "pass"
    assert checkout.signature(checkout.snapshot(), ONE, "production").status == "pass"


@pytest.mark.parametrize(
    ("image", "why"),
    [("none", "runs images alone"), (str(NEWER), "main has no statement about registry.example")],
)
def test_without_a_statement_it_is_held(
    checkout: Context, origin: Origin, image: str, why: str
) -> None:
    publish(origin)
    verdict = judged(checkout, image)
    assert (verdict.status, verdict.gate) == ("hold", signature.GATE)
    assert why in verdict.why
    assert f"delivery image sign {ONE}" in verdict.why


def test_a_tag_is_no_image(checkout: Context) -> None:
    with pytest.raises(InputError, match="a tag can be moved"):
        judged(checkout, f"{NAME}:latest")


def test_a_statement_about_another_release_or_bento_is_refused(
    checkout: Context, origin: Origin
) -> None:
    other = Statement.about(IMAGE, IMAGE.digest, record("r-222222222222"), BASE)
    key = own_key(origin.environ, make=True)
    assert key is not None
    path, text = sign_statement(other, key)
    origin.push({path.replace("r-222222222222", ONE): text})
    verdict = judged(checkout, str(IMAGE))
    assert verdict.status == "fail"
    assert "the bento is not as it was signed; the release is not" in verdict.why


def test_a_file_that_is_no_statement_is_named(checkout: Context, origin: Origin) -> None:
    origin.push({f"releases/{ONE}.image.a.b.json": "{}"})
    with pytest.raises(InputError, match=rf"releases/{ONE}\.image\.a\.b\.json is no signature"):
        judged(checkout, str(IMAGE))
