"""What `delivery doctor` looks at on GitHub where GitHub Releases are the store: who can read the
bytes, and who can change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from delivery.commands.doctor.check import Check, look
from delivery.context import Context
from delivery.errors import InputError
from delivery.governance.live import Site

CONSENT = "PUBLIC_STORE"  # a variable of the repository


def checks(context: Context, site: Site) -> Iterator[Check]:
    """None where a DVC remote keeps the bytes."""
    if context.store.remote is not None:
        return
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("who reads the data", partial(_readers, site)),
        ("immutable releases", partial(_immutable, site)),
    )
    yield from (look(name, at) for name, at in looks)


def _readers(site: Site) -> str:
    if site.about["private"]:
        return "who can read the repository"
    if site.variable(CONSENT) == "true":
        return f"EVERYBODY, as {CONSENT} allows: training data, holdout and models are downloads"
    raise InputError(
        f"EVERYBODY: {site.slug} is public, so its GitHub Releases publish the training data, the "
        "holdout and the models. Add a DVC remote, make the repository private, or, if all of that "
        f"may be public, `gh variable set {CONSENT} --body true`"
    )


def _immutable(site: Site) -> str:
    if site.existing("immutable-releases"):
        return "on: nobody changes or deletes what is stored"
    return (
        "off: who can write can delete what is stored. Recommended: Settings → General → "
        "Releases → Enable release immutability"
    )
