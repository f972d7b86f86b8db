"""owners.yml, and the CODEOWNERS that is made of it."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.governance.codeowners import (
    FILE,
    GUARDED,
    SOURCE,
    Owners,
    codeowners,
    parse_owners,
    read_codeowners,
    taken_over,
    with_owners,
)
from tests.checkout import ROOT

TEXT = "# who\n/a/\n/b/ @ada # since\n\n/c\n"


def test_code_owners_are_read_without_comments() -> None:
    assert read_codeowners(TEXT) == {"/a/": (), "/b/": ("@ada",), "/c": ()}


def test_everything_guarded_has_the_owners_and_single_paths_have_their_own() -> None:
    owners = Owners(owners=["@org/team"], paths={"/keys/": ["@ada"], "/model/": ["@grace"]})
    made = read_codeowners(codeowners(owners))
    assert set(made) == {*GUARDED, "/model/"}
    assert made["/delivery/"] == ("@org/team",)
    assert made["/keys/"] == ("@ada",)
    assert list(made)[-1] == "/model/", "the last line that fits decides"


@pytest.mark.parametrize("owner", ["ada", "@", "@org/", "@a b", "@ada;", "x@y"])
@pytest.mark.parametrize("text", ["owners: [{}]", "paths: {{ /a/: [{}] }}"])
def test_an_owner_that_github_would_not_take_is_refused(owner: str, text: str) -> None:
    with pytest.raises(InputError, match="is no owner"):
        parse_owners(text.format(repr(owner)))


def test_a_mistyped_key_is_named() -> None:
    with pytest.raises(InputError, match="ownres: unknown key"):
        parse_owners("ownres: ['@ada']")


@pytest.mark.parametrize(
    "text", ["", "# who\nowners: []\n\n# more\n", "owners:\npaths: {}\n", "paths: {}\n"]
)
def test_owners_are_named_where_nobody_is_and_the_rest_stays(text: str) -> None:
    owned = with_owners(text, ["@org/team", "@grace"])
    assert parse_owners(owned).owners == ["@org/team", "@grace"]
    assert len(owned.splitlines()) >= len(text.splitlines())
    assert set(text.splitlines()) - {"owners: []", "owners:"} <= set(owned.splitlines())


def test_what_people_wrote_is_taken_over() -> None:
    assert parse_owners(taken_over(TEXT)) == Owners(paths={"/b/": ["@ada"]})
    assert parse_owners(taken_over("")) == Owners()


def test_the_template_names_nobody() -> None:
    assert parse_owners((ROOT / SOURCE).read_text(encoding="utf-8")) == Owners()
    found = read_codeowners((ROOT / FILE).read_text(encoding="utf-8"))
    assert found
    assert not any(found.values())
