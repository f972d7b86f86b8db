"""`.github/CODEOWNERS`: who has to approve a change of what is guarded. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from delivery.errors import InputError

FILE = ".github/CODEOWNERS"
OWNER = re.compile(r"^(@[\w-]+(/[\w.-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+)$")


def owners(text: str) -> Mapping[str, tuple[str, ...]]:
    """Pattern → its owners, in the order of the file."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return {words[0]: tuple(words[1:]) for words in lines if words}


def owned(text: str, by: Sequence[str]) -> str:
    """The file with `by` behind every path that has no owner yet.

    Raises:
        InputError: an owner that GitHub would not take.
    """
    for owner in by:
        if not OWNER.match(owner):
            raise InputError(
                f"{owner!r} is no owner. Expected @login, @organisation/team, or the e-mail "
                "address of an account"
            )
    unowned = {pattern for pattern, names in owners(text).items() if not names}
    return "".join(
        f"{line.rstrip()} {' '.join(by)}\n" if line.strip() in unowned else f"{line}\n"
        for line in text.splitlines()
    )
