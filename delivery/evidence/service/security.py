"""Requests that mean harm, sent to a running service: the evidence for the gate security.

They are made from its contract and its own OpenAPI document, the same ones each time for the same
model. None is more than a service of these limits takes in its stride; together they take about
a second.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from delivery.bento.client import BY_DELIVERY, read_examples
from delivery.errors import HeldError
from delivery.evidence.live import Live
from delivery.evidence.service import tls
from delivery.gates.service.security import CUT_OFF, Answer, Evidence
from serving.contract import Contract, Input

SEED = 20130101
TIMEOUT = 10.0  # seconds a request
DEEP = 100_000  # brackets
PER_INPUT = 6  # wrong values for each of at most INPUTS inputs
INPUTS = 12
LARGEST = 64 * 1024 * 1024  # bytes; a limit above it is not tried out
INSIDE = re.compile(r"Traceback \(most recent|File \"[^\"]+\", line \d+|site-packages/")
# Some answer to a method or a path that they do not have; none may without a key.
GUARDED = (
    "/predict", "/release", "/docs.json", "/metrics", "/explain", "/feedback", "/invocations",
    "/v2", "/v2/models", "/monitor", "/made-up",
)  # fmt: skip
HEALTH = "/readyz"  # open to everybody
WRONG: tuple[Any, ...] = ([], {}, [[1]], {"a": 1}, "\u0000", "x" * 20, True, -1e308, 10**400)


@dataclass(frozen=True)
class Attack:
    """One request. `must_refuse` is False where a lenient service may take it as well.
    `oversized`: nobody has to read its body to the end."""

    name: str
    body: bytes = b""
    path: str = "/predict"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    must_refuse: bool = True
    oversized: bool = False


@dataclass(frozen=True)
class ServiceUnderTest:
    """What is tried: `good` is a row that it has to answer; `body_bytes` and `rows` its limits."""

    contract: Contract
    good: Mapping[str, Any]
    body_bytes: int
    rows: int


def observe(live: Live) -> Evidence | None:
    """None where it was verified here before."""
    if not live.under_load:
        return None
    live.progress(f"trying to break {live.bento.id}")
    try:
        good = read_examples(live.bento.model)[0].instance
    except (HeldError, IndexError) as error:
        return Evidence((), missing=f"there is no example to begin with: {error}")
    limits = live.settings.limits
    service = ServiceUnderTest(live.bento.contract, good, limits.body_bytes, limits.rows)
    return attacked(live.url, service, guarded=live.settings.auth != "none")


def attacked(url: str, service: ServiceUnderTest, *, guarded: bool) -> Evidence:
    """What a running service does about it."""
    with httpx.Client(
        base_url=url, timeout=TIMEOUT, trust_env=False, headers=BY_DELIVERY
    ) as client:
        return replace(tried(client, service, guarded=guarded), channel=tls.taken(url))


def tried(client: httpx.Client, service: ServiceUnderTest, *, guarded: bool) -> Evidence:
    """Attack, and see whether it answers afterwards. `guarded`: it has to ask for a key, which
    this has not, so nothing gets further than its guard."""
    if guarded:
        strangers = [_answer(client, attack) for attack in uninvited()]
        hostile = [answered(client, attack) for attack in malformed(service)]
        alive = _answer(client, Attack("", path=HEALTH, method="GET", headers={})).status
        return Evidence(hostile, alive, strangers)
    attacks = [*malformed(service), *mistyped(service), *elsewhere(_document(client))]
    hostile = [answered(client, attack) for attack in attacks]
    good = json.dumps({"instances": [service.good]}).encode()
    return Evidence(hostile, _answer(client, Attack("", good)).status)


def malformed(service: ServiceUnderTest) -> Iterator[Attack]:
    """Bodies and requests that nobody could mean."""
    row = json.dumps(service.good)
    bodies = {
        "an empty body": b"",
        "half of JSON": b'{"instances": [',
        "bytes that are not UTF-8": b'{"instances": [{"\xff\xfe": 1}]}',
        "null": b"null",
        "a number": b"7",
        "a list": b"[]",
        "rows that are no list": b'{"instances": 7}',
        "no row": b'{"instances": []}',
        "a row that is no object": b'{"instances": [7]}',
        "NaN": _with(service, "NaN"),
        "Infinity": _with(service, "-Infinity"),
        "a number with no end": _with(service, "9" * 5_000),
        "a key twice": f'{{"instances": [{row}], "instances": []}}'.encode(),
        "brackets without end": b"[" * DEEP,
        "objects without end": b'{"instances":' * DEEP,
        "more rows than allowed": json.dumps({"instances": [{}] * (service.rows + 1)}).encode(),
    }
    yield from (Attack(name, body) for name, body in bodies.items())
    if service.body_bytes < LARGEST:
        yield Attack("more bytes than allowed", b" " * (service.body_bytes + 1), oversized=True)
    good = f'{{"instances": [{row}]}}'.encode()
    yield Attack("a body that is no gzip", good, headers={"Content-Encoding": "gzip"})
    yield Attack("a body that is a picture", good, headers={"Content-Type": "image/png"})
    kind = "application/vnd.bentoml+pickle"
    yield Attack("a pickle", b"\x80\x04N.", headers={"Content-Type": kind})
    yield Attack("a method that is not there", method="DELETE", headers={})
    yield Attack("a path that climbs out", path="/..%2f..%2fetc/passwd", method="GET", headers={})


def _with(service: ServiceUnderTest, literal: str) -> bytes:
    """The good row with a literal in place of its first value."""
    fields = {name: json.dumps(value) for name, value in service.good.items()}
    fields[service.contract.inputs[0].name] = literal
    row = ", ".join(f"{json.dumps(name)}: {text}" for name, text in fields.items())
    return f'{{"instances": [{{{row}}}]}}'.encode()


def mistyped(service: ServiceUnderTest) -> Iterator[Attack]:
    """The good row with one value of a wrong kind."""
    chance = random.Random(SEED)  # nosec B311: the same requests each time
    inputs = list(service.contract.inputs)
    for spec in chance.sample(inputs, min(INPUTS, len(inputs))):
        for value in chance.sample(WRONG, PER_INPUT):
            row = {**service.good, spec.name: value}
            body = json.dumps({"instances": [row]}).encode()
            shown = repr(value)[:20]
            yield Attack(f"{spec.name}: {shown}", body, must_refuse=_never(spec, value))


def _never(spec: Input, value: Any) -> bool:
    """Is it wrong for every input of this kind?"""
    return isinstance(value, dict) or (isinstance(value, list) and not spec.shape)


def elsewhere(document: Mapping[str, Any]) -> Iterator[Attack]:
    """What is broken in every protocol, to every path of the OpenAPI document that takes a body."""
    for path, methods in document.get("paths", {}).items():
        if "post" in methods and path != "/predict":
            where = re.sub(r"\{\w+\}", "x", path)
            for name, body in (("half of JSON", b"{"), ("brackets", b"[" * DEEP), ("7", b"7")):
                yield Attack(f"{path}: {name}", body, path=where)


def uninvited() -> Iterator[Attack]:
    """Every path without a key and with a wrong one."""
    for path in GUARDED:
        for method in ("GET", "POST"):
            for name, headers in (
                ("without a key", {}),
                ("with a wrong key", {"X-API-Key": "made-up"}),
                ("with a wrong token", {"Authorization": "Bearer a.b.c"}),
            ):
                yield Attack(f"{method} {path} {name}", path=path, method=method, headers=headers)


def _document(client: httpx.Client) -> Mapping[str, Any]:
    try:
        document = client.get("/docs.json").json()
    except (httpx.HTTPError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def answered(client: httpx.Client, attack: Attack) -> Answer:
    """What an attack got; of an oversized one also whether only its connection ended with it."""
    answer = _answer(client, attack)
    if attack.oversized and answer.status in CUT_OFF:
        ready = _answer(client, Attack("", path=HEALTH, method="GET", headers={}))
        return replace(answer, cut_off=ready.status == httpx.codes.OK)
    return answer


def _answer(client: httpx.Client, attack: Attack) -> Answer:
    try:
        answer = client.request(
            attack.method, attack.path, content=attack.body, headers=attack.headers
        )
    except httpx.HTTPError:
        return Answer(attack.name, None, attack.must_refuse)
    leak = INSIDE.search(answer.text)
    return Answer(attack.name, answer.status_code, attack.must_refuse, leak[0] if leak else "")
