"""Owners that GitHub knows, and reviews that somebody can give."""

from __future__ import annotations

from delivery.commands.github.settings import apply
from delivery.governance.codeowners import FILE, SOURCE
from tests.delivery.commands.doctor.checked import found
from tests.github.governing import Governed


def test_owners_that_are_missing_or_unknown(mended: Governed) -> None:
    right = mended.origin.repository.read("HEAD", FILE) or ""
    for wrong, told in (("", "nobody owns /.github/"), (" @gone @ada", "Unknown owner")):
        mended.push({FILE: right.replace(" @acme/platform", wrong)})
        check = found(mended)["code owners"]
        assert not check.ok
        assert told in check.found
    mended.push({FILE: right})
    assert found(mended)["code owners"].ok


def test_an_owner_alone_cannot_approve_their_own_change(mended: Governed) -> None:
    text = mended.origin.repository.read("HEAD", FILE) or ""
    mended.push({FILE: text.replace("@acme/platform", "@ada")})
    check = found(mended)["reviews"]
    assert not check.ok
    assert "@ada alone owns /.github/" in check.found
    mended.push({FILE: text.replace("@acme/platform", "@ada @grace")})
    assert found(mended)["reviews"].ok


def test_a_writer_alone_would_wait_forever(mended: Governed) -> None:
    del mended.hub.people["grace"]
    check = found(mended)["reviews"]
    assert not check.ok
    assert "ada alone can write here" in check.found
    apply(mended.context, dry_run=False)
    check = found(mended)["reviews"]
    assert check.ok
    assert "off: ada alone" in check.found


def test_a_review_that_the_organisation_asks_for_counts(mended: Governed) -> None:
    del mended.hub.people["grace"]
    apply(mended.context, dry_run=False)
    rule = {"type": "pull_request", "parameters": {"required_approving_review_count": 2}}
    names = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    mended.hub.add_ruleset(
        {"name": "all", "enforcement": "active", "conditions": names, "rules": [rule]}
        | {"source_type": "Organization"}
    )
    assert not found(mended)["reviews"].ok


def test_code_owners_that_are_not_what_owners_yml_makes(mended: Governed) -> None:
    mended.push({SOURCE: "owners: ['@acme/platform', '@grace']\n"})
    check = found(mended)["code owners"]
    assert not check.ok
    assert "is not what .github/owners.yml makes" in check.found
    assert "delivery github own" in check.found + (check.cure or "")
    mended.push({SOURCE: "owners: ['@acme/platform']\n"})
    assert found(mended)["code owners"].ok
