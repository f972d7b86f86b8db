"""OIDC bearer tokens: signed by the issuer, meant for this service, not expired.

Only signatures with a public key are accepted. The issuer's keys are fetched when they are first
needed, again every hour, and when a token names a key that is not known (the issuer has rotated):
then at most every half minute, so that made-up key names cause no traffic.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import orjson

from serving.errors import Denied, UnreachableError
from serving.guard.denials import unauthorized
from serving.settings.policy import OidcSettings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
LEEWAY = 30  # s, for clocks that differ
FRESH = 3600.0  # s
COOLDOWN = 30.0  # s
STALE = 24 * 3600.0  # s that known keys are used while the issuer cannot be reached
MAX_DOCUMENT = 1_000_000  # bytes
TOKENS = 1_024  # verified ones that are remembered: a signature costs as much as a prediction
LONGEST = 16_384  # characters of a token
Fetch = Callable[[str], Awaitable[Any]]
Verified = tuple[str, frozenset[str]]


async def fetch_json(url: str) -> Any:
    """The JSON document at `url`; UnreachableError if it cannot be had."""
    import httpx  # only services that accept tokens need it

    try:
        async with (
            httpx.AsyncClient(timeout=5.0) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_DOCUMENT:
                    raise UnreachableError(f"{url}: the document is too large")
        return orjson.loads(body)
    except (httpx.HTTPError, ValueError) as error:
        raise UnreachableError(f"{url}: {error}") from error


class KeySet:
    """The issuer's public keys by name."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()
        self.generation = 0  # changes with the keys

    async def find(self, name: str | None) -> jwt.PyJWK | None:
        """The key called `name`; a token may leave the name out where there is only one.

        Raises:
            Denied: 503, if no key is known and the issuer cannot be reached.
        """
        if self._wants(name):
            async with self._lock:
                if self._wants(name):
                    await self._renew()
        if not self._keys:
            raise Denied(503, "the issuer of tokens cannot be reached", {"Retry-After": "30"})
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(name)

    def stale(self) -> bool:
        return self._clock() - self._fetched > FRESH

    def _wants(self, name: str | None) -> bool:
        now = self._clock()
        known = name in self._keys or (name is None and self._keys)
        return (not known or now - self._fetched > FRESH) and now - self._tried > COOLDOWN

    async def _renew(self) -> None:
        self._tried = self._clock()
        try:
            document = await self._fetch(await self._url())
            keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(document).keys}
        except (UnreachableError, jwt.PyJWTError, ValueError, AttributeError, TypeError):
            if self._clock() - self._fetched > STALE:
                self._keys = {}
            return
        self._fetched = self._clock()
        if {name: key.key for name, key in keys.items()} != {
            name: key.key for name, key in self._keys.items()
        }:
            self.generation += 1
        self._keys = keys

    async def _url(self) -> str:
        if self._settings.jwks_url:
            return self._settings.jwks_url
        issuer = self._settings.issuer.rstrip("/")
        configuration = await self._fetch(f"{issuer}/.well-known/openid-configuration")
        url = configuration.get("jwks_uri") if isinstance(configuration, dict) else None
        if not isinstance(url, str) or configuration.get("issuer") != self._settings.issuer:
            raise UnreachableError(f"{issuer}: its configuration names no keys, or another issuer")
        OidcSettings(issuer=self._settings.issuer, audience="-", jwks_url=url)  # https alone
        return url


class Tokens:
    """Verifies tokens, and remembers the ones it has verified until they expire."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        keys: KeySet | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._keys = keys or KeySet(settings)
        self._now = now
        self._verified: OrderedDict[bytes, tuple[Verified, float, int]] = OrderedDict()

    async def caller(self, token: str) -> Verified:
        """Name and scopes of the bearer.

        Raises:
            Denied: 401, or 503 if the issuer's keys cannot be had.
        """
        digest = hashlib.sha256(token.encode("latin-1")).digest()
        if (known := self._verified.get(digest)) and not self._keys.stale():
            verified, expires, generation = known
            if self._now() < expires + LEEWAY and generation == self._keys.generation:
                return verified
        claims = await self._claims(token)
        verified = f"sub:{claims['sub'][:128]}", _scopes(claims.get(self._settings.scopes_claim))
        self._verified[digest] = (verified, float(claims["exp"]), self._keys.generation)
        if len(self._verified) > TOKENS:
            self._verified.popitem(last=False)
        return verified

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            if len(token) > LONGEST:
                raise jwt.InvalidTokenError("too long")
            header = jwt.get_unverified_header(token)
            key = await self._keys.find(header.get("kid"))
            # The algorithm is the key's: what the header says has to be the same.
            if key is None or key.algorithm_name not in ALGORITHMS:
                raise jwt.InvalidTokenError("no such key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm_name],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise unauthorized("the token has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            # One answer for all: which part was wrong is nobody's business.
            raise unauthorized("the token is not valid here") from error
        return claims


def _scopes(claim: object) -> frozenset[str]:
    if isinstance(claim, str):
        return frozenset(claim.split())
    if isinstance(claim, list):
        return frozenset(item for item in claim if isinstance(item, str))
    return frozenset()
