"""desired.yaml: what is written is read back, and a malformed one is named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.state.desired import Desired, parse_desired, render_desired
from tests.checkout import template_alone
from tests.origin import ENVIRONMENTS, ROOT, version

FULL = Desired(version("r-aaaaaaaaaaaa"), version("r-bbbbbbbbbbbb"), "r-cccccccccccc")


@pytest.mark.parametrize("desired", [Desired(), FULL])
def test_parsing_is_the_inverse_of_rendering(desired: Desired) -> None:
    assert parse_desired(render_desired(desired), "x") == desired


@pytest.mark.parametrize("desired", [Desired(), FULL])
def test_what_was_rendered_is_read_without_a_parser_of_yaml(
    desired: Desired, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment has a file for each attempt, and YAML takes a millisecond for each."""
    monkeypatch.setattr("delivery.state.desired.parse_yaml", lambda *_: pytest.fail("parsed"))
    assert parse_desired(render_desired(desired), "x") == desired


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "# a note\n",
        lambda text: text.replace('"', "'"),
        lambda text: text.replace("r-aaaaaaaaaaaa", "r-\\x61aaaaaaaaaaa"),
        lambda text: text.replace("r-cccccccccccc", "r-cccccc\n    cccccc"),
    ],
)
def test_what_a_person_edited_is_read_as_yaml(edit: Callable[[str], str]) -> None:
    text = edit(render_desired(FULL))
    data = parse_yaml(text, "x")["data"]
    assert parse_desired(text, "x") == replace(FULL, rollback_of=data["rollbackOf"])


@template_alone
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_template_starts_with_nothing_released(environment: str) -> None:
    file = ROOT / "infra" / "environments" / environment / "desired.yaml"
    assert file.read_text() == render_desired(Desired())


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("\n  release:", "\n  realease:", "data.release"),
        ('  image: "none"', "  image: 7", "data.image"),
        ("\ndata:", "\ndta:", "data"),
        ('  image: "none"', '  image: "none"\n  extra: "1"', "data.extra"),
        ("r-aaaaaaaaaaaa", "r-dddddddddddd", "data.bentoSha256"),
        ("apiVersion", "<<<<<<< HEAD\napiVersion", "merge conflict"),
        ("data:", "data: [", "not YAML"),
        ('  image: "none"', "  image: 2013-06-31", "not YAML"),
        ('  image: "none"', "  image: !!int x", "not YAML"),
        ('  image: "none"', '  image: "\\uD800"', "data.image"),
        ('  image: "none"', '  image: "none"\n  1: x\n  extra: y', "data.1"),
    ],
)
def test_a_malformed_file_is_named(old: str, new: str, named: str) -> None:
    text = render_desired(FULL).replace(old, new, 1)
    with pytest.raises(InputError, match="infra/x") as error:
        parse_desired(text, "infra/x")
    assert named in str(error.value)


EDITS = st.lists(
    st.tuples(
        st.integers(0, 1000), st.sampled_from(["", "\n", "  ", ": ", "!!int ", "*a ", '"', "["])
    ),
    max_size=4,
)


@given(EDITS)
def test_whatever_a_person_writes_is_read_or_named(edits: list[tuple[int, str]]) -> None:
    text = render_desired(FULL)
    for place, inserted in edits:
        at = place % len(text)
        text = text[:at] + inserted + text[at + (not inserted) :]
    with contextlib.suppress(InputError):
        parse_desired(text, "infra/x")
