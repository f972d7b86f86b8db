"""Bearer tokens of an issuer whose keys rotate, over real HTTP where it is spoken."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from serving.errors import Denied, UnreachableError
from serving.guard.callers.auth import ApiKeys, Doorman
from serving.guard.callers.oidc import COOLDOWN, FRESH, LEEWAY, STALE, KeySet, Tokens, fetch_json
from serving.settings.policy import OidcSettings
from tests.serving.guard.callers.test_auth import END, entry, keys_at

AUDIENCE = "flight-delays"
ISSUER = "https://issuer.example"
RSA_KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public(name: str, index: int) -> dict[str, Any]:
    made: dict[str, Any] = RSAAlgorithm.to_jwk(RSA_KEYS[index].public_key(), as_dict=True)
    return made | {"kid": name, "alg": "RS256", "use": "sig"}


def public_ec(name: str) -> dict[str, Any]:
    made: dict[str, Any] = ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True)
    return made | {"kid": name, "alg": "ES256"}


class Issuer:
    """An issuer in memory, with a clock that tests move."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.fetched = 0
        self.reachable = True
        self.seconds = 1000.0
        settings = OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=f"{ISSUER}/keys")
        self.set = KeySet(settings, fetch=self.fetch, clock=lambda: self.seconds)
        self.tokens = Tokens(settings, keys=self.set, now=lambda: time.time())

    async def fetch(self, url: str) -> Any:
        self.fetched += 1
        if not self.reachable:
            raise UnreachableError("gone")
        return {"keys": self.keys}

    def caller(self, token: str) -> tuple[str, frozenset[str]]:
        return asyncio.run(self.tokens.caller(token))

    def status(self, token: str) -> int:
        try:
            self.caller(token)
        except Denied as denied:
            return denied.status
        return 200


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "robot", "iat": now, "exp": now + 600}
    return {
        k: v for k, v in (made | {"scope": "predict metrics"} | changes).items() if v is not None
    }


def signed(index: int = 0, name: str | None = "one", **changes: Any) -> str:
    headers = {} if name is None else {"kid": name}
    return jwt.encode(claims(**changes), RSA_KEYS[index], algorithm="RS256", headers=headers)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(public("one", 0))


def test_a_token_of_the_issuer_is_let_in_with_its_scopes(issuer: Issuer) -> None:
    assert issuer.caller(signed()) == ("sub:robot", {"predict", "metrics"})
    assert issuer.caller(signed(scope=["explain", 7])) == ("sub:robot", {"explain"})
    assert issuer.caller(signed(scope=None)) == ("sub:robot", frozenset())
    assert issuer.caller(signed(name=None))[0] == "sub:robot"


def test_other_algorithms_with_a_public_key_work() -> None:
    issuer = Issuer(public("one", 0), public_ec("two"))
    token = jwt.encode(claims(), EC_KEY, algorithm="ES256", headers={"kid": "two"})
    assert issuer.caller(token)[0] == "sub:robot"
    assert issuer.status(signed(name=None)) == 401, "two keys, and none is named"


def tampered() -> str:
    head, _, signature = signed().split(".")
    other = signed(sub="admin").split(".")[1]
    return f"{head}.{other}.{signature}"


def public_pem() -> bytes:
    return RSA_KEYS[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def confused() -> str:
    """HS256 with the public key as the secret, signed by hand since PyJWT refuses to."""

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    head = part(json.dumps({"alg": "HS256", "kid": "one", "typ": "JWT"}).encode())
    body = head + b"." + part(json.dumps(claims()).encode())
    signature = hmac.new(public_pem(), body, hashlib.sha256).digest()
    return (body + b"." + part(signature)).decode()


# Made when they are needed: each process of a run has keys of its own.
WRONG: dict[str, Callable[[], str]] = {
    "other audience": lambda: signed(aud="another-service"),
    "no audience": lambda: signed(aud=None),
    "other issuer": lambda: signed(iss="https://other.example"),
    "no issuer": lambda: signed(iss=None),
    "no subject": lambda: signed(sub=None),
    "no end": lambda: signed(exp=None),
    "expired": lambda: signed(exp=int(time.time()) - LEEWAY - 5),
    "not yet valid": lambda: signed(nbf=int(time.time()) + 600),
    "other key": lambda: signed(index=1),
    "unknown key": lambda: signed(name="unheard-of"),
    "alg none": lambda: jwt.encode(claims(), None, algorithm="none", headers={"kid": "one"}),
    "symmetric": lambda: jwt.encode(claims(), "x" * 32, "HS256", headers={"kid": "one"}),
    "public key as secret": confused,
    "tampered": tampered,
    "other kind of key": lambda: jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": "one"}),
    "empty": lambda: "",
    "letters": lambda: "a.b.c",
    "dots": lambda: "..",
    "bytes": lambda: "\xff.\xfe.\xfd",
    "long": lambda: signed() + "x" * 20_000,
}


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_is_not_right_in_every_part_is_refused(issuer: Issuer, what: str) -> None:
    token = WRONG[what]()
    assert issuer.status(token) == 401
    assert issuer.status(token) == 401, "nor is it remembered"


def test_a_symmetric_key_among_the_keys_of_the_issuer_is_never_used() -> None:
    secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"
    issuer = Issuer({"kty": "oct", "kid": "one", "alg": "HS256", "k": secret})
    token = jwt.encode(
        claims(), jwt.utils.base64url_decode(secret), algorithm="HS256", headers={"kid": "one"}
    )
    assert issuer.status(token) == 401


def test_keys_rotate(issuer: Issuer) -> None:
    """A new key is fetched when it is first seen; the old one stops with the next fetch."""
    old, new = signed(), signed(index=1, name="two")
    assert issuer.status(old) == 200
    issuer.keys = [public("two", 1)]
    assert issuer.status(new) == 401, "asked a moment ago"
    issuer.seconds += COOLDOWN + 1
    assert issuer.status(new) == 200
    assert issuer.status(old) == 401, "although it was verified before"


def test_a_key_that_was_withdrawn_stops_within_the_hour(issuer: Issuer) -> None:
    assert issuer.status(signed()) == 200
    issuer.keys = [public("two", 1)]
    issuer.seconds += FRESH + 1
    assert issuer.status(signed()) == 401


def test_made_up_key_names_cause_no_traffic(issuer: Issuer) -> None:
    for number in range(50):
        assert issuer.status(signed(index=1, name=f"made-up-{number}")) == 401
    assert issuer.fetched == 1


def test_a_verified_token_is_remembered_until_it_expires(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(exp=int(time.time()) + 100)
    assert issuer.status(token) == 200
    calls: list[int] = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *a, **k: calls.append(1) or decode(*a, **k))
    assert issuer.status(token) == 200
    assert not calls
    issuer.tokens._now = lambda: time.time() + 100 + LEEWAY
    issuer.status(token)
    assert calls


def test_known_keys_bridge_an_issuer_that_is_away_but_not_for_ever(issuer: Issuer) -> None:
    token = signed()
    assert issuer.status(token) == 200
    issuer.reachable = False
    issuer.seconds += FRESH + 1
    assert issuer.status(token) == 200
    issuer.seconds += STALE
    assert issuer.status(token) == 503


def test_without_any_keys_the_client_is_told_to_come_back(issuer: Issuer) -> None:
    issuer.reachable = False
    with pytest.raises(Denied) as caught:
        issuer.caller(signed())
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "30")


def test_both_kinds_of_credentials_side_by_side(issuer: Issuer) -> None:
    known = (entry("secret"), entry("a.b.c.d", name="dots"), entry("a.b", name="dot"))
    keys: ApiKeys = keys_at(END.replace(year=2020), *known)
    doorman = Doorman(keys, issuer.tokens)

    async def admit(value: str) -> str | None:
        return await doorman.admit("/predict", {b"authorization": b"Bearer " + value.encode()})

    assert asyncio.run(admit("secret")) == "key:ci"
    assert asyncio.run(admit("a.b.c.d")) == "key:dots"
    assert asyncio.run(admit("a.b")) == "key:dot"
    assert asyncio.run(admit(signed())) == "sub:robot"
    for wrong in ("other", "a.b.c"):
        with pytest.raises(Denied):
            asyncio.run(admit(wrong))


@pytest.mark.parametrize("url", ["http://issuer.example", "ftp://issuer.example", "issuer"])
def test_keys_are_only_fetched_in_private(url: str) -> None:
    with pytest.raises(ValueError, match=r"https|pattern"):
        OidcSettings(issuer=url, audience=AUDIENCE)
    with pytest.raises(ValueError, match=r"https|pattern"):
        OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=url)


@pytest.fixture(scope="module")
def site() -> Iterator[dict[str, Any]]:
    """Documents by path, served over HTTP; "url" is where."""
    documents: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = documents.get(self.path)
            self.send_response(302 if isinstance(found, str) else 200 if found else 404)
            if isinstance(found, str):
                self.send_header("Location", found)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    documents["url"] = f"http://127.0.0.1:{server.server_port}"
    yield documents
    server.shutdown()
    server.server_close()


def test_the_issuers_configuration_says_where_its_keys_are(site: dict[str, Any]) -> None:
    url = site["url"]
    site["/.well-known/openid-configuration"] = {"issuer": url, "jwks_uri": f"{url}/keys"}
    site["/keys"] = {"keys": [public("one", 0)]}
    tokens = Tokens(OidcSettings(issuer=url, audience=AUDIENCE))
    assert asyncio.run(tokens.caller(signed(iss=url)))[0] == "sub:robot"


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://other.example", "jwks_uri": "URL/keys"},
        {"issuer": "URL"},
        {"issuer": "URL", "jwks_uri": "http://issuer.example/keys"},
        {"issuer": "URL", "jwks_uri": "URL/moved"},
        {"issuer": "URL", "jwks_uri": "URL/none"},
        {"issuer": "URL", "jwks_uri": "URL/odd"},
        [],
    ],
)
def test_a_configuration_that_does_not_fit_gives_no_keys(
    site: dict[str, Any], configuration: Any
) -> None:
    url = site["url"]
    text = json.dumps(configuration).replace("URL", url)
    site["/.well-known/openid-configuration"] = json.loads(text)
    site["/keys"] = {"keys": [public("one", 0)]}
    site["/moved"] = f"{url}/keys"
    site["/odd"] = {"keys": [{"kty": "none"}]}
    tokens = Tokens(OidcSettings(issuer=url, audience=AUDIENCE))
    with pytest.raises(Denied) as caught:
        asyncio.run(tokens.caller(signed(iss=url)))
    assert caught.value.status == 503


def test_a_document_without_end_is_not_read_to_its_end(
    site: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    site["/long"] = {"keys": ["x" * 2_000_000]}
    with pytest.raises(UnreachableError, match="too large"):
        asyncio.run(fetch_json(f"{site['url']}/long"))
