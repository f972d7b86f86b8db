"""Each kind of target that settings can name has a line in the registry."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest

from delivery.settings.policy import TargetSettings
from delivery.targets.registry import TARGETS, target_of
from tests.delivery.place import environment


def test_every_kind_in_the_settings_is_registered() -> None:
    kinds = [typing.get_type_hints(each)["kind"] for each in typing.get_args(TargetSettings)]
    assert set(TARGETS) == {name for kind in kinds for name in typing.get_args(kind)}


@pytest.mark.parametrize("rehearses", [False, True])
def test_a_machine_that_rehearses_gets_a_place_that_does_not_last(
    tmp_path: Path, rehearses: bool
) -> None:
    place = environment("staging", 7109)
    target = target_of(place, tmp_path, lambda _: None, rehearses=rehearses)
    assert target.capabilities.lasting is not rehearses
    assert target.router.url == "http://127.0.0.1:7109"
    assert target.runtime.environment == "staging"
