"""`trust:` of delivery.yaml: who may sign what, where and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from pydantic import Field

from delivery.errors import InputError
from delivery.trust.keys import Duty, PublicKey, public_key
from serving.strict import Strict

FILE = "delivery.yaml"


class Revoked(Strict):
    """From the start of the day `at` (UTC) on, what this key signed does not count."""

    at: date
    why: str = Field(min_length=1)


class Signer(Strict):
    """Somebody who may sign.

    `key` is a public key as PEM, or the path of one in the repository. `may` says what it may
    sign. `environments` None: all. `since` and `until` are days in UTC, both included; None: no
    limit.
    """

    key: str
    may: tuple[Duty, ...] = Field(default=("releases",), min_length=1)
    environments: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    revoked: Revoked | None = None


Trust = Mapping[str, Signer]  # by name; empty: nobody was named yet


def who_may(trust: Trust, duty: Duty) -> Trust:
    """Those who may sign releases, or events."""
    return {name: signer for name, signer in trust.items() if duty in signer.may}


def broken_rule(name: str, signer: Signer, environment: str, at: datetime) -> str:
    """The rule under `trust.<name>` that a signature of `at` for `environment` breaks; empty if
    it breaks none."""
    day = at.astimezone(UTC).date()
    allowed = signer.environments
    if allowed is not None and environment not in allowed:
        return f"trust.{name}.environments is {', '.join(allowed) or 'empty'}"
    if signer.revoked is not None and day >= signer.revoked.at:
        rule = f"trust.{name}.revoked.at is {signer.revoked.at} ({signer.revoked.why})"
        return f"{rule}; the signature is of {day}"
    if signer.since is not None and day < signer.since:
        return f"trust.{name}.since is {signer.since}; the signature is of {day}"
    if signer.until is not None and day > signer.until:
        return f"trust.{name}.until is {signer.until}: the key had ended; the signature is of {day}"
    return ""


def public_keys(trust: Trust, read: Callable[[str], str | None]) -> Mapping[str, PublicKey]:
    """Name → public key of everybody under `trust:`. `read` gives a file of main by its path.

    Raises:
        InputError: a key cannot be read, or two names have the same.
    """
    keys: dict[str, PublicKey] = {}
    for name, signer in trust.items():
        pem, origin = signer.key, f"trust.{name}.key of {FILE}"
        if not pem.lstrip().startswith("-----BEGIN"):
            text = read(pem)
            if text is None:
                raise InputError(f"{origin}: main has no file {pem}")
            pem, origin = text, pem
        key = public_key(pem, origin)
        twin = next((other for other, known in keys.items() if known.id == key.id), None)
        if twin is not None:
            raise InputError(f"trust.{twin} and trust.{name} of {FILE} have the same key")
        keys[name] = key
    return keys
