"""A file that does not say what shall have the traffic is named, with the ways out."""

from __future__ import annotations

import pytest

from delivery.deployment.wanted import clear_attempt
from delivery.errors import HeldError, InputError
from delivery.state.desired import desired_path
from tests.origin import Origin

ONE = "r-111111111111"
ENV = "staging"


def test_a_file_that_cannot_be_read_is_named_with_the_ways_out(origin: Origin) -> None:
    attempt = origin.push({desired_path(ENV): "nonsense"})
    advice = rf"malformed.*`git revert {attempt[:12]}`.*`delivery rollback {ENV}`"
    with pytest.raises(InputError, match=advice):
        clear_attempt(origin.snapshot(), ENV)


def test_nothing_is_clear_where_nothing_was_verified(origin: Origin) -> None:
    origin.want(ENV, ONE)
    attempt = origin.want(ENV, "")
    assert clear_attempt(origin.snapshot(), ENV).commit == attempt


def test_nothing_is_not_clear_while_a_release_is_verified(origin: Origin) -> None:
    origin.happened(ENV, origin.want(ENV, ONE), "verified", ONE)
    origin.want(ENV, "")
    with pytest.raises(HeldError, match=rf"{ENV}: .*{ONE}.*--close"):
        clear_attempt(origin.snapshot(), ENV)
