"""Who calls, and what they may do.

A credential comes as `Authorization: Bearer …` or `X-API-Key: …`. API keys are known by their
SHA-256 alone: they are 256 random bits, so a hash that leaks tells nothing. Where both kinds are
accepted, a bearer with two dots is a token and anything else a key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from serving.guard.callers.recent import Caller, RecentCallers
from serving.guard.denials import forbidden, unauthorized
from serving.settings.host import API_KEYS, ENVIRONMENT
from serving.settings.policy import OPEN
from serving.settings.service import Start
from serving.strict import DocumentError, Strict, parse

if TYPE_CHECKING:
    from serving.guard.callers.oidc import Tokens

Scope = Literal["predict", "explain", "feedback", "metrics"]
NEEDS: Mapping[str, Scope] = {
    "/explain": "explain",
    "/feedback": "feedback",
    "/metrics": "metrics",
}


class ApiKey(Strict):
    """One entry of SERVING_API_KEYS; `python -m serving.guard.keys` makes one."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    expires: AwareDatetime


class _Keys(Strict):
    keys: tuple[ApiKey, ...] = Field(min_length=1)


class ApiKeys:
    """The keys that are known, found by a comparison that takes as long for every key."""

    def __init__(
        self, text: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._keys = _read_keys(text)
        self._callers = [
            Caller(f"key:{key.name}", frozenset(key.scopes), key.expires.timestamp())
            for key in self._keys
        ]
        self._now = now

    def caller(self, key: str) -> Caller:
        """Denied 401 for a key that is unknown or expired."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        match = -1
        for index, known in enumerate(self._keys):
            if hmac.compare_digest(digest, known.sha256):
                match = index  # no early way out: all are compared
        if match < 0:
            raise unauthorized("the API key is not known")
        if self._keys[match].expires <= self._now():
            raise unauthorized("the API key has expired")
        return self._callers[match]


class Doorman:
    """Lets a request in or not."""

    def __init__(
        self, keys: ApiKeys | None, tokens: Tokens | None, paths: frozenset[str] = OPEN
    ) -> None:
        self._keys = keys
        self._open = paths
        self._tokens = tokens
        self._recent = RecentCallers()

    def recognise(self, path: str, headers: Mapping[bytes, bytes]) -> str | None:
        """The name of a caller whose API key was checked lately and who may come here; None where
        `admit` has to look closer."""
        credential = headers.get(b"authorization")
        if credential is None or path in self._open:
            return None
        caller = self._recent.get(credential)
        return caller.name if caller is not None and needed(path) in caller.scopes else None

    async def admit(self, path: str, headers: Mapping[bytes, bytes]) -> str | None:
        """The name of the caller, None for a path that is open.

        Raises:
            Denied: 401 without a valid credential, 403 without the scope, 503 if the keys of the
                issuer cannot be had.
        """
        if path in self._open:
            return None
        caller = await self._check(_credential(headers))
        scope = needed(path)
        if scope not in caller.scopes:
            raise forbidden(f"this needs the scope {scope}")
        if caller.expires and _has_bearer(headers):
            self._recent.add(headers[b"authorization"], caller)
        return caller.name

    async def _check(self, credential: str) -> Caller:
        if self._tokens and (not self._keys or credential.count(".") == 2):
            name, scopes = await self._tokens.caller(credential)
            return Caller(name, scopes)
        assert self._keys is not None
        return self._keys.caller(credential)


def needed(path: str) -> Scope:
    """The scope that `path` needs. What is not named needs predict, so that nothing is open by
    mistake."""
    if path.endswith(":explain"):
        return "explain"
    return NEEDS.get(path, "predict")


def make_doorman(start: Start) -> Doorman | None:
    """Who guards an instance; None where nobody has to.

    Raises:
        DocumentError: nobody is allowed in, or everybody in a place that is not local.
    """
    auth = start.settings.auth
    if auth == "none":
        if not start.host.local:
            raise DocumentError(
                "auth: nobody is asked for credentials, which is for a machine of one's own: set "
                f"serving.auth in delivery.yaml, or {ENVIRONMENT}=local to serve without"
            )
        return None
    keys = ApiKeys(start.host.api_keys) if auth in ("keys", "both") else None
    tokens = _tokens(start) if auth in ("oidc", "both") else None
    return Doorman(keys, tokens, open_paths(start))


def _tokens(start: Start) -> Tokens | None:
    """Imported as needed: the cryptography behind it costs memory and a tenth of a second."""
    from serving.guard.callers.oidc import Tokens

    return Tokens(start.settings.oidc) if start.settings.oidc else None


def open_paths(start: Start) -> frozenset[str]:
    """The paths of probes, that of the platform with them."""
    return OPEN | ({start.vertex_health} if start.vertex_health else set())


def _read_keys(text: str) -> tuple[ApiKey, ...]:
    if not text.strip():
        raise DocumentError(
            f"auth: {API_KEYS} is empty; `python -m serving.guard.keys` makes a key"
        )
    try:
        content = json.loads(text)
        keys = parse(_Keys, {"keys": content}, source=API_KEYS).keys
    except (ValueError, RecursionError) as error:
        # The reason would show a part of the text, and somebody may have put a key there.
        raise DocumentError(
            f'{API_KEYS}: expected a list of {{"name", "sha256", "scopes", "expires"}}'
        ) from error
    if len({key.name for key in keys}) != len(keys):
        raise DocumentError(f"{API_KEYS}: two keys have the same name")
    return keys


def _has_bearer(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"authorization", b"").partition(b" ")[0].lower() == b"bearer"


def _credential(headers: Mapping[bytes, bytes]) -> str:
    value = headers.get(b"authorization", b"").partition(b" ")[2]
    if not _has_bearer(headers):
        value = headers.get(b"x-api-key", b"")
    if not value.strip():
        raise unauthorized("credentials are needed: Authorization: Bearer …")
    return value.strip().decode("latin-1")
