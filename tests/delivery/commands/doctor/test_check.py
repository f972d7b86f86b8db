"""A look either says what it found, or what is wrong and the cure behind the first full stop."""

from __future__ import annotations

import errno

import pytest

from delivery.commands.doctor.check import Check, look
from delivery.errors import InputError


@pytest.mark.parametrize(
    ("message", "found", "cure"),
    [
        ("no remote. `dvc remote add`. Then push", "no remote", "`dvc remote add`. Then push"),
        ("no remote", "no remote", "see the message"),
        ("git 2.1 is old. Update", "git 2.1 is old", "Update"),
    ],
)
def test_an_error_is_what_is_wrong_and_its_cure(message: str, found: str, cure: str) -> None:
    def at() -> str:
        raise InputError(message)

    assert look("store", at) == Check("store", False, found, cure)


def test_what_is_in_order_has_no_cure() -> None:
    assert look("git", lambda: "2.40") == Check("git", True, "2.40", "")


def test_a_place_that_may_not_be_read_is_a_finding() -> None:
    def at() -> str:
        raise PermissionError(errno.EACCES, "Permission denied", "/home/somebody/.gitconfig")

    check = look("dvc.lock", at)
    assert not check.ok
    assert "/home/somebody/.gitconfig" in check.found
    assert "HOME" in check.cure


def test_a_bug_is_no_finding() -> None:
    def at() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look("git", at)
