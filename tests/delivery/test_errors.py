"""Every deliberate error has its exit code, which jobs and docs rely on."""

from __future__ import annotations

import pytest

from delivery import errors
from delivery.errors import DeliveryError


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("InputError", 2),
        ("RefusedError", 3),
        ("HeldError", 4),
        ("OutsideError", 5),
        ("TargetError", 5),
        ("ForgeError", 5),
        ("StoreError", 5),
    ],
)
def test_an_error_exits_with_its_code(name: str, code: int) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, DeliveryError)
    assert kind("why").exit_code == code


def test_an_error_of_another_kind_is_a_bug() -> None:
    assert DeliveryError.exit_code == 1
