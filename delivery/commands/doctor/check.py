"""One look of `delivery doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from delivery.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Check:
    """One look. `cure` is empty where nothing is wrong."""

    name: str
    ok: bool
    found: str
    cure: str = ""


def look(name: str, at: Callable[[], str]) -> Check:
    """The check that `at` makes: it returns what it found, or raises what is wrong and the cure."""
    try:
        return Check(name, True, at())
    except DeliveryError as error:
        problem, _, cure = str(error).partition(". ")
        return Check(name, False, problem, cure or "see the message")
    except OSError as error:  # of a library that looks where it may not
        return Check(name, False, str(error), "let this user read and write there, or set HOME")
