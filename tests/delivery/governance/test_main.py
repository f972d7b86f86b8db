"""What main's files say, and never what the work tree says."""

from __future__ import annotations

from delivery.governance.codeowners import FILE, SOURCE, Owners, codeowners
from delivery.governance.main import Main
from delivery.storage.checkout import Checkout
from tests.delivery.governance.files import TEAM, contents, texts
from tests.origin import Origin

OWNERS = "owners: ['@acme/platform']\n"


def test_owners_and_policy_are_mains(origin: Origin) -> None:
    made = codeowners(Owners(owners=["@acme/platform"]))
    origin.push({**texts(), SOURCE: OWNERS, FILE: made}, "Govern")
    (origin.path / FILE).write_text("/ @mallory\n")
    main = Main(Checkout(origin.path, lambda _: None))
    assert main.owners["/delivery/"] == ("@acme/platform",)
    assert main.owners_are_made
    assert {(item.kind, item.name) for item in main.wanted(TEAM)} == set(contents(TEAM))


def test_code_owners_written_by_hand_are_seen(origin: Origin) -> None:
    origin.push({SOURCE: OWNERS, FILE: "/delivery/ @mallory\n"}, "Take over")
    assert not Main(Checkout(origin.path, lambda _: None)).owners_are_made


def test_without_a_file_of_owners_code_owners_are_peoples_own(origin: Origin) -> None:
    origin.push({FILE: "/delivery/ @ada\n"}, "Own")
    main = Main(Checkout(origin.path, lambda _: None))
    assert main.owners_are_made
    assert main.text(SOURCE) == ""


def test_environments_are_those_of_main(origin: Origin) -> None:
    main = Main(Checkout(origin.path, lambda _: None))
    assert list(main.settings.environments) == ["staging", "production"]
