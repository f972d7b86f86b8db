"""CODEOWNERS: read, and filled in once."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.governance.codeowners import FILE, owned, owners
from tests.checkout import ROOT

TEXT = "# who\n/a/\n/b/ @ada # since\n\n/c\n"


def test_owners_are_read_without_comments() -> None:
    assert owners(TEXT) == {"/a/": (), "/b/": ("@ada",), "/c": ()}


def test_paths_without_an_owner_get_one_and_others_keep_theirs() -> None:
    text = owned(TEXT, ["@org/team", "@grace"])
    assert text == "# who\n/a/ @org/team @grace\n/b/ @ada # since\n\n/c @org/team @grace\n"
    assert owned(text, ["@else"]) == text


@pytest.mark.parametrize("owner", ["ada", "@", "@org/", "@a b", "@ada;", "x@y"])
def test_an_owner_that_github_would_not_take_is_refused(owner: str) -> None:
    with pytest.raises(InputError, match="is no owner"):
        owned(TEXT, [owner])


def test_the_template_names_nobody() -> None:
    found = owners((ROOT / FILE).read_text(encoding="utf-8"))
    assert found
    assert not any(found.values())
