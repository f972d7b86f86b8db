"""Whose command this is: `make setup` installs `delivery` for one checkout, and it serves no other.

A command that ran the code of whatever folder it is called in could be made to run anything; one
that ran its own code on another checkout would judge that by rules which are not its own.
"""

from __future__ import annotations

from pathlib import Path

import delivery
from delivery.errors import InputError

POLICY = "delivery.yaml"


def own_checkout() -> Path:
    """The checkout that holds the code which runs."""
    return Path(str(delivery.__file__)).resolve().parents[1]


def require_own_checkout(here: Path) -> None:
    """InputError unless `here` is in the checkout whose code runs."""
    own = own_checkout()
    for folder in (here, *here.parents):
        if (folder / POLICY).is_file() and (folder / "delivery").is_dir():
            break
    else:
        raise InputError(
            f"{here} is not inside a model delivery repository: neither it nor a folder above "
            f"holds {POLICY}. `cd` into your checkout and run the command again"
        )
    if folder.resolve() != own:
        raise InputError(
            f"this command is installed for {own}, and {folder} is another checkout with code of "
            f"its own. `make -C {folder} setup`, then run {folder}/.venv/bin/delivery"
        )
